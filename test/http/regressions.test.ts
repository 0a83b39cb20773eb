import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { readConfig } from '../../src/config.ts'
import { decide } from '../../src/core/policy/policy.ts'
import { answerPush } from '../../src/core/login/question.ts'
import { registry as real } from '../../src/methods/index.ts'
import { startApp } from '../support/app.ts'
import { Login } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import { ACCOUNT, NOW, PROOF, appCredential, kitAt, settingsOf, transactionOf } from '../support/kit.ts'
import { newKey } from '../support/stores.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'

it('a JWKS endpoint that answers 503 is an outage, 503', async () => {
  const realm = await startRealm()
  realm.answer('error')
  const app = await startApp({ keycloakUrl: realm.keycloakUrl })
  const down = await new Login(app, realm).push()
  await app.stop()
  await realm.stop()
  expect({ status: down.status, body: down.body }).toMatchObject({ status: 503 })
})

it.each([
  ['SQLite', 'username', { preferred_username: '\ud800' }],
  ['SQLite', 'realm name', { realm_display_name: 'x\udfff' }],
  ['PostgreSQL', 'sub NUL', { sub: 'a\u0000b' }],
  ['PostgreSQL', 'jti NUL', { jti: 'a\u0000b' }],
  ['PostgreSQL', 'sub surrogate', { sub: 'a\ud800b' }],
  ['SQLite', 'sub NUL', { sub: 'a\u0000b' }],
  ['SQLite', 'sub surrogate', { sub: 'a\ud800b' }],
  ['PostgreSQL', 'name NUL', { preferred_username: 'a\u0000b' }],
])('%s %s never 5xx', async (where, _, change) => {
  const realm = await startRealm()
  const db = where === 'PostgreSQL' ? await createDatabase(inject('postgresUrl')) : undefined
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, ...(db ? { dbUrl: db.url } : {}) })
  await app.policy.saveSettings('demo', { enforcement: 'required' })
  const login = new Login(app, realm, change)
  const response = await login.push(change)
  const open = response.status === 201 ? (await login.open()).status : 0
  const page = response.status === 201 ? (await login.page()).status : 0
  await app.stop()
  await realm.stop()
  await db?.drop()
  expect([response.status, open, page, response.body]).toSatisfy(
    ([a, b, c]: number[]) => a! < 500 && b! < 500 && c! < 500,
  )
})

it('two servers start at once, one clock a second behind: both can sign', async () => {
  const db = await createDatabase(inject('postgresUrl'))
  const key = newKey()
  const opened = [await openDatabase(db.url), await openDatabase(db.url)]
  const now = Date.now()
  const errors: string[] = []
  for (let i = 0; i < 5; i++) {
    await opened[0]!.db.deleteFrom('signing_key').execute()
    const servers = [0, -1000].map((skew, j) =>
      createSigningKeys(opened[j]!, createSealer([key]), () => now + skew),
    )
    await Promise.all(servers.map((s, j) => s.refresh(now + [0, -1000][j]!)))
    for (const s of servers) await s.sign('JWT', {}).catch((e: Error) => errors.push(e.message))
  }
  for (const d of opened) await d.close()
  await db.drop()
  expect(errors).toEqual([])
})

it('config says plain http together with the other faults', () => {
  expect(() => readConfig({ LATCHKEY_HOSTNAME: 'http://tfa.example.com' })).toThrow(/must be https/)
})

it('a stricter second rule never turns a challenge into a skip', () => {
  const registry = new Map([...real, ['passkey', { ...real.get('totp')!, id: 'passkey', level: 3 as const }]])
  const ask = (enforcement: 'disabled' | 'optional') =>
    decide({
      settings: settingsOf({ methods: ['totp', 'passkey', 'backup-codes'] }),
      rules: [
        { groupId: 'a', enforcement: 'optional', priority: 0, methods: ['totp'] },
        { groupId: 'b', enforcement, priority: 0, methods: ['passkey'] },
      ],
      override: undefined,
      enrolled: [{ method: 'totp', failures: 0 }],
      claims: {
        groups: [
          { id: 'a', path: '/a' },
          { id: 'b', path: '/b' },
        ],
        roles: [],
        purpose: 'login',
        level: 1,
      },
      registry,
      graceStarts: new Map(),
      now: NOW,
    }).action
  expect(ask('disabled').do).toBe('challenge')
  expect(ask('optional').do).not.toBe('skip')
})

it('a proven set-up that waits for "saved" does not survive a decision to block', () => {
  const kit = kitAt()
  const transaction = transactionOf({
    at: 'save-codes',
    method: 'backup-codes',
    keep: { codes: ['x'] },
    pending: [{ method: 'totp', label: undefined, data: {} }],
    proven: PROOF,
    proof: PROOF,
  })
  const reply = answerPush(
    {
      account: ACCOUNT,
      question: { ...transaction.question, purpose: 'manage' },
      claims: { groups: [], roles: [], purpose: 'manage', level: 1 },
      listed: { ids: [], version: undefined },
      once: { jti: 'j', expiresAt: NOW },
      loginExpiresAt: NOW + 900_000,
    },
    {
      settings: settingsOf({ enforcement: 'required' }),
      rules: [],
      proposals: [],
      graceStarts: new Map(),
      gone: false,
      toldRoles: undefined,
      toldLookup: undefined,
      override: undefined,
      credentials: [appCredential({ failures: 100 })],
      attempts: NO_ATTEMPTS,
      devices: [],
      transaction,
    },
    kit,
  )
  const change = 'change' in reply ? reply.change : undefined
  expect(change?.transaction?.next.stage.at).toBe('blocked')
})

it('backup codes with none left are not offered', async () => {
  const realm = await startRealm()
  const app = await startApp({ keycloakUrl: realm.keycloakUrl })
  await app.policy.saveSettings('demo', { enforcement: 'required', backupCodes: 4 })
  const sub = randomUUID()
  const { codes } = await (await new Login(app, realm, { sub }).begin()).enrol()
  for (const code of codes) {
    const login = await new Login(app, realm, { sub }).begin()
    await login.post('method', { method: 'backup-codes' })
    await login.post('challenge/backup-codes', { code })
    await login.post('go-on', {})
  }
  const last = await new Login(app, realm, { sub }).begin()
  const list = await last.page('?choose')
  await app.stop()
  await realm.stop()
  expect(list.text).not.toContain('value="backup-codes"')
})
