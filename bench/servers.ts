import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleSidecar } from '../scripts/lib/bundle.ts'
import { startChild } from '../scripts/lib/child.ts'
import { root } from '../scripts/lib/paths.ts'
import { freePort } from '../scripts/lib/ports.ts'

/** A sidecar as production runs it: bundled, in a process of its own. */
export interface Server {
  url: string
  managementUrl: string
  pid: number
  /** Milliseconds from its start until its health said that it is ready. */
  readyMs: number
  /** SIGTERM, and gone. */
  stop(): Promise<void>
}

/** As the image starts it: see the Dockerfile. */
const FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=20']
let bundled: Promise<void> | undefined

/** Bundles the sidecar to dist/, once in a run. */
export async function bundle(): Promise<void> {
  bundled ??= bundleSidecar()
  await bundled
}

/**
 * Starts a sidecar and waits until it is ready. It logs as JSON, into a file that is removed with it.
 * @param environment its settings, over those that put it on free ports of this machine
 * @param older the folder of another version's source, which runs as it is
 */
export async function startServer(environment: NodeJS.ProcessEnv, older?: string): Promise<Server> {
  if (older === undefined) await bundle()
  const [port, managementPort] = [await freePort(), await freePort()]
  const [url, managementUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${managementPort}`]
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const begun = performance.now()
  const child = startChild({
    name: 'Latchkey',
    command: process.execPath,
    args: [...FLAGS, older === undefined ? 'dist/cli.js' : 'src/cli.ts', 'serve'],
    cwd: older ?? root,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '1',
      LATCHKEY_HOSTNAME: url,
      LATCHKEY_HTTP_PORT: String(port),
      LATCHKEY_MANAGEMENT_PORT: String(managementPort),
      LATCHKEY_REALMS: 'demo',
      LATCHKEY_WORKER: 'false',
      ...environment,
    },
    logFile: join(folder, 'server.log'),
  })
  while (!(await isReady(managementUrl))) {
    if (performance.now() - begun > 60_000) await child.answers(`${managementUrl}/health/ready`, 1)
  }
  const readyMs = performance.now() - begun
  return {
    url,
    managementUrl,
    pid: child.pid,
    readyMs,
    async stop() {
      await child.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function isReady(managementUrl: string): Promise<boolean> {
  return await fetch(`${managementUrl}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}
