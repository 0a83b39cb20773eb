import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { verifyRealm } from '../../src/cli/audit.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import { installedPostgres, runTool, startInstalled } from '../support/postgres-tools.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { sqlitePlace } from '../support/stores.ts'

const DOCS = readFileSync('docs/keys-and-backup.md', 'utf8')
const AFTER_RESTORE = /```sql\n([^`]*)```/.exec(DOCS)![1]!
const VACUUM = /^node -e '(.*)' latchkey\.db backup\.db$/m.exec(DOCS)![1]!

/** Where a server runs, and where its backup is put back. */
interface Places {
  url: string
  /** As docs/keys-and-backup.md says, beside the server. */
  backUp(): Promise<void>
  /** @returns the restored database's URL */
  restore(): Promise<string>
  drop(): Promise<void>
}

async function onSqlite(): Promise<Places> {
  const place = sqlitePlace()
  const file = place.url.slice('sqlite:'.length)
  const copy = file.replace('test.db', 'backup.db')
  return {
    url: place.url,
    async backUp() {
      await promisify(execFile)(process.execPath, ['-e', VACUUM, file, copy])
    },
    restore: async () => `sqlite:${copy}`,
    drop: async () => await place.drop(),
  }
}

const tools = installedPostgres()

async function onPostgres(): Promise<Places> {
  const server = await startInstalled(tools!)
  const [from, to] = [await createDatabase(server.url), await createDatabase(server.url)]
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-dump-'))
  const file = join(folder, 'latchkey.dump')
  return {
    url: from.url,
    async backUp() {
      await runTool(tools!, 'pg_dump', ['--format=custom', `--file=${file}`, from.url])
    },
    async restore() {
      await runTool(tools!, 'pg_restore', [
        '--clean',
        '--if-exists',
        '--no-owner',
        `--dbname=${to.url}`,
        file,
      ])
      return to.url
    },
    async drop() {
      rmSync(folder, { recursive: true })
      await server.stop()
    },
  }
}

interface User {
  sub: string
  secret: string
  codes: string[]
}

describe.each([
  ['SQLite', onSqlite, true],
  ['PostgreSQL', onPostgres, tools !== undefined],
] as const)('a backup of %s that was made under load', (_, makePlaces, isThere) => {
  const clock: Clock = { now: Date.now() }
  let realm: FakeRealm
  let places: Places
  let app: RunningApp

  beforeAll(async () => {
    if (!isThere) return
    realm = await startRealm()
    places = await makePlaces()
    app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl: places.url, clock, background: true })
    await app.policy.saveSettings('demo', { enforcement: 'required', trustedDays: 30 })
  }, 120_000)
  afterAll(async () => {
    if (!isThere) return
    await app.stop()
    await places.drop()
    await realm.stop()
  })

  const begin = async (sub: string) => await new Login(app, realm, { sub }, () => clock.now).begin()
  async function setUp(): Promise<User> {
    const sub = randomUUID()
    const login = await begin(sub)
    const { secret, codes, location } = await login.enrol()
    expect((await login.redeem(location)).status).toBe(200)
    return { sub, secret, codes }
  }
  async function byApp({ sub, secret }: User, more: Record<string, string> = {}) {
    const login = await begin(sub)
    const done = await login.post('challenge/totp', { code: await codeFor(secret, clock.now), ...more })
    expect(String(done.headers['location'])).toContain('code=')
    expect((await login.redeem(String(done.headers['location']))).status).toBe(200)
    return login
  }
  async function byCode({ sub }: User, code: string): Promise<string> {
    const login = await begin(sub)
    await login.post('method', { method: 'backup-codes' })
    const done = await login.post('challenge/backup-codes', { code })
    return String(done.headers['location'])
  }

  it.skipIf(!isThere)(
    'is whole, and everybody of it signs in; what was spent since stays so (B13, P3)',
    async () => {
      const users = await Promise.all(Array.from({ length: 5 }, setUp))
      clock.now += 60_000
      const [alice] = users
      await byApp(alice!, { trust: 'on' })
      const backup = { isMade: false }
      const backingUp = places.backUp().finally(() => {
        backup.isMade = true
      })
      const later: User[] = []
      do {
        clock.now += 60_000
        const [fresh] = await Promise.all([setUp(), ...users.map(async (user) => await byApp(user))])
        later.push(fresh)
      } while (!backup.isMade)
      await backingUp
      later.push(await setUp())
      const spent = alice!.codes[0]!
      expect(await byCode(alice!, spent)).toContain('code=')
      await app.stop()
      const { encryptionKeys } = app.config
      const old = await verifyRealm({ dbUrl: places.url, encryptionKeys }, 'demo')

      const dbUrl = await places.restore()
      const database = await openDatabase(dbUrl)
      const before = await database.db.selectFrom('credential').select('method').execute()
      expect(before.map(({ method }) => method)).toContain('backup-codes')
      expect(await database.db.selectFrom('trusted_device').selectAll().execute()).toHaveLength(1)
      for (const statement of AFTER_RESTORE.split(';').filter((one) => one.trim() !== '')) {
        await sql.raw(statement).execute(database.db)
      }
      await database.close()

      clock.now += 60_000
      app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl, clock, background: true })
      for (const user of users) await byApp(user)
      expect(await byCode(alice!, spent)).not.toContain('code=')
      const last = await begin(later.at(-1)!.sub)
      expect((await last.page()).text).toContain('id="secret"')
      // The chain is whole, and the anchor from outside shows that it was set back.
      const settings = { dbUrl, encryptionKeys }
      expect((await verifyRealm(settings, 'demo')).findings).toEqual([])
      if (old.head === undefined) throw new Error('nothing was sealed')
      const found = await verifyRealm(settings, 'demo', old.head)
      expect(found.findings).toMatchObject([{ kind: 'anchor' }])
    },
    120_000,
  )
})
