import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../../scripts/lib/child.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { run } from '../../scripts/lib/run.ts'
import { formPost } from './client.ts'
import type { Ask } from './client.ts'
import { codeOf, codesAround, stepAt } from './code.ts'
import { otherThan } from './rival.ts'
import type { Rival } from './rival.ts'

/** As many as the users' file has; each gets a token once it is needed. */
const USERS = 1_000
/** Tokens that are made at a time. */
const MAKERS = 4
const PASSWORD = randomBytes(16).toString('hex')

interface User {
  name: string
  secret: Buffer
  /** The time step whose code they gave last. */
  lastStep: number
}

/**
 * privacyIDEA as its documentation installs it: gunicorn before PostgreSQL, audit and answers signed, six steps of drift
 * (it learns a token's drift, so fewer would refuse right codes; their HMACs are nothing beside the rest). A worker for
 * each core, but at least two, of the kind that takes one request at a time, since threads share a core in Python; they log
 * warnings alone and do not check their own private key each time. A user's token is asked by `/validate/check`.
 * @param bin of the virtual environment that it is installed in
 */
export async function startPrivacyidea(dbUrl: string, bin: string): Promise<Rival> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-privacyidea-'))
  const config = join(folder, 'pi.cfg')
  writeFileSync(config, configOf(folder, dbUrl))
  writeFileSync(join(folder, 'users'), usersFile())
  const env = { PATH: process.env['PATH'], HOME: folder, PRIVACYIDEA_CONFIGFILE: config }
  const manage = async (...args: string[]) =>
    await run(join(bin, 'pi-manage'), args, { cwd: folder, env, what: `pi-manage ${args[0]} ${args[1]}` })
  await manage('setup', 'create_enckey')
  await manage('setup', 'create_audit_keys')
  await manage('setup', 'create_tables')
  await manage('admin', 'add', '-p', PASSWORD, 'admin')

  const host = `127.0.0.1:${await freePort()}`
  const application = `privacyidea.app:create_app(config_name='production', config_file='${config}', silent=True)`
  const child = startChild({
    name: 'privacyIDEA',
    command: join(bin, 'gunicorn'),
    args: [
      `--workers=${Math.max(2, availableParallelism())}`,
      '--worker-class=sync',
      '--no-control-socket',
      `--bind=${host}`,
      application,
    ],
    cwd: folder,
    env,
    logFile: join(folder, 'gunicorn.log'),
  })
  await child.answers(`http://${host}/healthz/startupz`, 120)
  const call = await administrator(host)
  await call('/resolver/bench', { type: 'passwdresolver', fileName: join(folder, 'users') })
  await call('/realm/bench', { resolvers: 'bench' })
  await call('/defaultrealm/bench', {})
  await call('/system/setConfig', { DefaultMaxFailCount: '1000000' })

  const users: User[] = []
  let named = 0

  async function newUser(): Promise<User> {
    const user = { name: nameOf(named++), secret: randomBytes(20), lastStep: 0 }
    await call('/token/init', {
      type: 'totp',
      otpkey: user.secret.toString('hex'),
      user: user.name,
      realm: 'bench',
    })
    return user
  }

  /** So many users, none twice. */
  async function take(count: number, isFree: (user: User) => boolean): Promise<User[]> {
    const taken = users.filter(isFree).slice(0, count)
    while (taken.length < count) {
      const size = Math.min(MAKERS, count - taken.length)
      const made = await Promise.all(Array.from({ length: size }, newUser))
      users.push(...made)
      taken.push(...made)
    }
    return taken
  }

  return {
    host,
    pid: child.pid,
    async asks(mix, count) {
      const isRight = mix === 'totp right'
      // A token takes one code in a time step.
      const some = await take(count, ({ lastStep }) => !isRight || lastStep < stepAt(Date.now()))
      return some.map((user) => {
        if (!isRight) return askOf(host, user, otherThan(...codesAround(user.secret, Date.now())), false)
        user.lastStep = stepAt(Date.now())
        return askOf(host, user, codeOf(user.secret, user.lastStep), true)
      })
    },
    async stop() {
      await child.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function askOf(host: string, { name }: User, pass: string, isRight: boolean): Ask {
  return {
    bytes: formPost(host, '/validate/check', { user: name, realm: 'bench', pass }),
    isAsExpected: ({ status, body }) =>
      status === 200 && (JSON.parse(body) as { result: { value?: unknown } }).result.value === isRight,
  }
}

/** Calls of the API as the administrator. */
async function administrator(host: string) {
  const post = async (path: string, fields: Record<string, string>, headers = {}) => {
    const response = await fetch(`http://${host}${path}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields),
    })
    if (!response.ok) throw new Error(`privacyIDEA answered ${path} with ${response.status}`)
    return (await response.json()) as { result: { value: { token?: string } } }
  }
  const { result } = await post('/auth', { username: 'admin', password: PASSWORD })
  const headers = { Authorization: result.value.token ?? '' }
  return async (path: string, fields: Record<string, string>) => await post(path, fields, headers)
}

const nameOf = (i: number) => `user${i}`

function usersFile(): string {
  const lines = Array.from({ length: USERS }, (_, i) => `${nameOf(i)}:x:${i + 1_000}:${i + 1_000}:::`)
  return `${lines.join('\n')}\n`
}

function configOf(folder: string, dbUrl: string): string {
  const settings = {
    SQLALCHEMY_DATABASE_URI: dbUrl.replace(/^postgres:/, 'postgresql+psycopg2:'),
    SECRET_KEY: randomBytes(32).toString('hex'),
    PI_PEPPER: randomBytes(16).toString('hex'),
    PI_ENCFILE: join(folder, 'enckey'),
    PI_AUDIT_KEY_PRIVATE: join(folder, 'private.pem'),
    PI_AUDIT_KEY_PUBLIC: join(folder, 'public.pem'),
    PI_LOGFILE: join(folder, 'privacyidea.log'),
    PI_UUID_FILE: join(folder, 'uuid.txt'),
  }
  return [
    ...Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
    'PI_LOGLEVEL = 30',
    'PI_AUDIT_NO_PRIVATE_KEY_CHECK = True',
    'PI_RESPONSE_NO_PRIVATE_KEY_CHECK = True',
    '',
  ].join('\n')
}
