#!/usr/bin/env node
import { Command } from 'commander'
import { createApp, listen } from './app.ts'
import { auditCommand } from './cli/audit.ts'
import { doctorCommand } from './cli/doctor.ts'
import { importCommand } from './cli/import.ts'
import { keysCommand } from './cli/keys.ts'
import { policyCommand } from './cli/policy.ts'
import { setupCommand } from './cli/setup.ts'
import { stopOnSignal } from './cli/stop.ts'
import { readConfig } from './config.ts'

const program = new Command('latchkey').description('The second factor for Keycloak')

program
  .command('serve')
  .description('answer for the realms of LATCHKEY_REALMS')
  .action(async () => {
    const config = readConfig(process.env)
    const app = await createApp(config)
    const web = await listen(app.web, config.host, config.port)
    const management = await listen(app.management, config.host, config.managementPort)
    app.start()
    if (config.worker) app.startWorker()
    stopOnSignal(app, config, management, web)
  })

program
  .command('worker')
  .description("read Keycloak's users and groups, and nothing else; with health and metrics")
  .action(async () => {
    const config = readConfig(process.env)
    const app = await createApp(config)
    const management = await listen(app.management, config.host, config.managementPort)
    app.startWorker()
    stopOnSignal(app, config, management)
  })

setupCommand(program.command('setup'))
doctorCommand(program.command('doctor'))
importCommand(program.command('import'))
policyCommand(program.command('policy'))
auditCommand(program.command('audit'))
keysCommand(program.command('keys'))

function fail(error: unknown): void {
  process.stderr.write(`latchkey: ${error instanceof Error ? withCauses(error).join(': ') : String(error)}\n`)
  process.exitCode = 1
}

/** What went wrong, and why, down to the operating system's word for it. */
function withCauses(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.message, ...withCauses(error.cause)].filter((message) => message !== '')
}

program.parseAsync().catch((error: unknown) => {
  fail(error)
  process.exit()
})
