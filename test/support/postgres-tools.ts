import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../../scripts/lib/ports.ts'

const NEEDED = ['postgres', 'initdb', 'pg_dump', 'pg_restore']
const DEBIAN = '/usr/lib/postgresql'

/**
 * A PostgreSQL that is installed on this machine with the programs that back it up, which the one from npm lacks;
 * undefined where there is none.
 */
export function installedPostgres(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return folders.find((folder) => NEEDED.every((name) => existsSync(join(folder, name))))
}

/** Runs one of its programs. */
export async function runTool(folder: string, name: string, args: string[]): Promise<void> {
  await promisify(execFile)(join(folder, name), args)
}

/** Starts one on a free port of 127.0.0.1, as the user `postgres` where this is root. */
export async function startInstalled(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-installed-'))
  const password = randomBytes(12).toString('hex')
  const secret = `${data}.password`
  writeFileSync(secret, password)
  const who = (flag: string) => Number(execFileSync('id', [flag, 'postgres']).toString())
  const as = process.getuid?.() === 0 ? { uid: who('-u'), gid: who('-g') } : {}
  if (as.uid !== undefined) for (const path of [data, secret]) chownSync(path, as.uid, as.gid)
  const args = [
    '-D',
    data,
    '-U',
    'latchkey',
    `--pwfile=${secret}`,
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C',
  ]
  execFileSync(join(folder, 'initdb'), args, { ...as, cwd: '/', stdio: 'ignore' })
  rmSync(secret)
  const port = await freePort()
  const server = spawn(
    join(folder, 'postgres'),
    ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    { ...as, cwd: '/', stdio: 'ignore' },
  )
  const url = `postgres://latchkey:${password}@127.0.0.1:${port}/postgres`
  while (!(await answers(url))) if (server.exitCode !== null) throw new Error('PostgreSQL did not start')
  return {
    url,
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return false
  }
}
