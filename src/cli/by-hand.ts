import type { Command } from 'commander'
import { auditCommand } from './audit.ts'
import { doctorCommand } from './doctor.ts'
import { importCommand } from './import.ts'
import { keysCommand } from './keys.ts'
import { policyCommand } from './policy.ts'
import { setupCommand } from './setup.ts'

/** Adds the commands that somebody runs and that end by themselves. */
export function commandsByHand(program: Command): void {
  setupCommand(program.command('setup'))
  doctorCommand(program.command('doctor'))
  importCommand(program.command('import'))
  policyCommand(program.command('policy'))
  auditCommand(program.command('audit'))
  keysCommand(program.command('keys'))
}
