import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../scripts/lib/ports.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import type { RealmSettings } from '../../src/core/settings.ts'

/** A sidecar as a process of its own, as an operator starts it. */
export interface Sidecar {
  url: string
  /** Its environment; to look into its database, and to start it again. */
  environment: NodeJS.ProcessEnv
  isAlive(): boolean
  /** Whether its health says that it can serve. */
  isReady(): Promise<boolean>
  /** The metrics page. */
  metrics(): Promise<string>
  /** What it wrote from the n-th character on, and how much there is. */
  log(from?: number): string
  /** SIGKILL. Fulfilled when it is gone. */
  kill(): Promise<void>
  /** SIGTERM. Fulfilled when it is gone. */
  stop(): Promise<void>
}

/** The settings of a sidecar on free ports of this machine. */
export async function settingsFor(options: {
  keycloakUrl: string
  dbUrl: string
  keys: string
  more?: NodeJS.ProcessEnv
}): Promise<NodeJS.ProcessEnv> {
  const port = await freePort()
  return {
    PATH: process.env['PATH'],
    LATCHKEY_HOSTNAME: `http://127.0.0.1:${port}`,
    LATCHKEY_HTTP_PORT: String(port),
    LATCHKEY_MANAGEMENT_PORT: String(await freePort()),
    LATCHKEY_DB_URL: options.dbUrl,
    LATCHKEY_KEYCLOAK_URL: options.keycloakUrl,
    LATCHKEY_REALMS: 'demo',
    LATCHKEY_ENCRYPTION_KEYS: options.keys,
    ...options.more,
  }
}

/** Writes settings of the realm before its sidecar starts. */
export async function prepareRealm(dbUrl: string, settings: Partial<RealmSettings>): Promise<void> {
  const database = await openDatabase(dbUrl)
  await createPolicyStore(database).saveSettings('demo', settings)
  await database.close()
}

/**
 * Starts it and waits until it is ready.
 * @param largest no file that it writes may be larger, in KiB
 * @throws Error with its log where it ends first
 */
export async function startSidecar(environment: NodeJS.ProcessEnv, largest?: number): Promise<Sidecar> {
  let log = ''
  // A signal that is ignored makes a write that goes too far an error, as on a full disk.
  const cramped = `trap '' XFSZ; ulimit -f ${largest}; exec "$0" "$@"`
  const command = [process.execPath, 'src/cli.ts', 'serve']
  const [program = '', ...args] = largest === undefined ? command : ['bash', '-c', cramped, ...command]
  const child = spawn(program, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)))
  const gone = once(child, 'close')
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  void gone.then(() => process.off('exit', onExit))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await gone
  }
  const management = `http://127.0.0.1:${environment['LATCHKEY_MANAGEMENT_PORT']}`
  const sidecar: Sidecar = {
    url: String(environment['LATCHKEY_HOSTNAME']),
    environment,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async isReady() {
      try {
        const { status } = await fetch(`${management}/health/ready`, { signal: AbortSignal.timeout(10_000) })
        return status === 200
      } catch {
        return false
      }
    },
    metrics: async () => await (await fetch(`${management}/metrics`)).text(),
    log: (from = 0) => log.slice(from),
    kill: async () => await end('SIGKILL'),
    stop: async () => await end('SIGTERM'),
  }
  while (!(await sidecar.isReady())) {
    if (!sidecar.isAlive()) throw new Error(`the sidecar ended by itself:\n${log}`)
    await pause(20)
  }
  return sidecar
}

/** Whether its log says so since then; what was written a moment ago is on its way. */
export async function tells(sidecar: Sidecar, from: number, words: RegExp): Promise<boolean> {
  for (let tries = 0; tries < 50 && !words.test(sidecar.log(from)); tries++) await pause(100)
  return words.test(sidecar.log(from))
}
