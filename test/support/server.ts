import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { freePort } from '../../scripts/lib/ports.ts'

/** A sidecar in a process of its own, as `latchkey serve` starts it. */
export interface RunningServer {
  url: string
  /** Of health and metrics. */
  managementUrl: string
  /** The log, line by line, so far. */
  log(): Record<string, unknown>[]
  kill(signal: NodeJS.Signals): void
  /** How the process ended: its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  /** Ends it, however it stands. */
  stop(): Promise<void>
}

/** One for all servers of a test: they may share a database. */
const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`

/** Starts one, and waits until it is ready; `cwd`: the folder of another version's source. */
export async function startServer(options: {
  keycloakUrl: string
  dbUrl: string
  environment?: NodeJS.ProcessEnv
  cwd?: string
}): Promise<RunningServer> {
  const [port, managementPort] = [await freePort(), await freePort()]
  const [url, managementUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${managementPort}`]
  let output = ''
  const child = spawn(process.execPath, ['src/cli.ts', 'serve'], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: {
      PATH: process.env['PATH'],
      LATCHKEY_HOSTNAME: url,
      LATCHKEY_HTTP_PORT: String(port),
      LATCHKEY_MANAGEMENT_PORT: String(managementPort),
      LATCHKEY_DB_URL: options.dbUrl,
      LATCHKEY_KEYCLOAK_URL: options.keycloakUrl,
      LATCHKEY_REALMS: 'demo',
      LATCHKEY_WORKER: 'false',
      LATCHKEY_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  const server: RunningServer = {
    url,
    managementUrl,
    log: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    kill: (signal) => void child.kill(signal),
    ended,
    async stop() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    },
  }
  while (!(await isReady(managementUrl))) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${output}`)
  }
  return server
}

async function isReady(managementUrl: string): Promise<boolean> {
  return await fetch(`${managementUrl}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}
