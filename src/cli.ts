#!/usr/bin/env node
import { Command } from 'commander'
import { createApp, listen } from './app.ts'
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

// A server has no use for what is run by hand, and would keep it in memory.
if (!['serve', 'worker'].includes(process.argv[2] ?? '')) {
  const { commandsByHand } = await import('./cli/by-hand.ts')
  commandsByHand(program)
}

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
