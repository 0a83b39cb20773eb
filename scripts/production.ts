import { randomBytes } from 'node:crypto'
import { cpSync, globSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleSidecar } from './lib/bundle.ts'
import { startChild } from './lib/child.ts'
import { root } from './lib/paths.ts'
import { freePort } from './lib/ports.ts'
import { ScriptError, run } from './lib/run.ts'
import { progressPrinter, runScript } from './lib/terminal.ts'

// `npm run production`: installs and builds what a server in production has, and nothing else, and sees it serve.

/** What it may weigh, MB. */
const MOST = 120

await runScript(async () => {
  const progress = progressPrinter()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-production-'))
  try {
    for (const part of ['package.json', 'package-lock.json', 'themes']) {
      cpSync(join(root, part), join(folder, part), { recursive: true })
    }
    progress('Installing what production needs, without running scripts of packages')
    await run('npm', ['ci', '--omit=dev', '--ignore-scripts'], { cwd: folder, what: 'npm ci' })
    const megabytes = Math.ceil(weightOf(join(folder, 'node_modules')) / 2 ** 20)
    if (megabytes >= MOST) throw new ScriptError(`It weighs ${megabytes} MB; under ${MOST} was promised.`)
    progress(`${megabytes} MB on disk. Bundling the sidecar`)
    await bundleSidecar(join(folder, 'dist'))
    await serve(folder)
    progress('It serves')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Bytes on disk, as `du` counts them. */
function weightOf(folder: string): number {
  return globSync('**', { cwd: folder }).reduce((sum, path) => {
    const { blocks } = lstatSync(join(folder, path))
    return sum + blocks * 512
  }, 0)
}

async function serve(folder: string): Promise<void> {
  const [port, managementPort] = [await freePort(), await freePort()]
  const child = startChild({
    name: 'The sidecar',
    command: process.execPath,
    args: ['dist/cli.js', 'serve'],
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      LATCHKEY_HOSTNAME: `http://127.0.0.1:${port}`,
      LATCHKEY_HTTP_PORT: String(port),
      LATCHKEY_MANAGEMENT_PORT: String(managementPort),
      LATCHKEY_KEYCLOAK_URL: 'http://127.0.0.1:9',
      LATCHKEY_REALMS: 'demo',
      LATCHKEY_WORKER: 'false',
      LATCHKEY_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    },
    logFile: join(folder, 'sidecar.log'),
  })
  try {
    await child.answers(`http://127.0.0.1:${managementPort}/health/ready`, 30)
  } finally {
    await child.stop()
  }
}
