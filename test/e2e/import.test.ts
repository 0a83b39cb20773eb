import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSync } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHandmade } from '../support/handmade.ts'
import type { Handmade } from '../support/handmade.ts'
import type { RealmRepresentation } from '../support/keycloak.ts'
import { exportOf } from '../support/keycloak-export.ts'
import { otpOf } from '../support/moving.ts'
import type { OtpData } from '../support/moving.ts'

const TEXT = 'abcdefghij0123456789'
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const USERS: Record<string, { value: string; data: OtpData }> = {
  'base32-user': { value: BASE32, data: { secretEncoding: 'BASE32' } },
  'utf8-user': { value: TEXT, data: {} },
  'sha256-user': {
    value: BASE32,
    data: { algorithm: 'HmacSHA256', digits: 8, period: 60, secretEncoding: 'BASE32' },
  },
  'hotp-user': { value: TEXT, data: { subType: 'hotp' } },
}

let handmade: Handmade
let folder: string
let file: string
beforeAll(async () => {
  handmade = await startHandmade()
  folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'))
  file = join(folder, 'realm.json')
  const users = []
  for (const [username, { value, data }] of Object.entries(USERS))
    users.push(await make(username, value, data))
  const realm: RealmRepresentation = { realm: handmade.realm.name, enabled: true, users }
  const exported = await exportOf(realm)
  writeFileSync(file, [...exported.values()].join(''))
  const { code, output } = await handmade.latchkey('setup')
  expect(code, output).toBe(0)
  // Keycloak boots twice for it.
}, 900_000)
afterAll(async () => {
  await handmade.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A user of the realm with an app at Keycloak, and what an export has to say of it: the same ids. */
async function make(username: string, value: string, data: OtpData) {
  const { admin, realm } = handmade
  const { id: _, ...otp } = otpOf('', value, data)
  const person = {
    username,
    enabled: true,
    emailVerified: true,
    firstName: 'Test',
    lastName: 'User',
    email: `${username}@example.com`,
  }
  const password = { type: 'password', value: username, temporary: false }
  const { id } = await admin.users.create({
    realm: realm.name,
    ...person,
    groups: ['/finance'],
    credentials: [password, otp],
  })
  const [own] = (await admin.users.getCredentials({ realm: realm.name, id })).filter(
    ({ type }) => type === 'otp',
  )
  return { id, ...person, credentials: [password, otpOf(own?.id ?? '', value, data)] }
}

/** The code that the user's app shows next. */
function nextCode(username: string): string {
  const { value, data } = USERS[username]!
  const secret = data.secretEncoding === 'BASE32' ? value : Buffer.from(value)
  const period = data.period ?? 30
  return generateSync({
    secret,
    algorithm: data.algorithm === 'HmacSHA256' ? 'sha256' : 'sha1',
    digits: data.digits === 8 ? 8 : 6,
    period,
    epoch: Math.floor(Date.now() / 1000) + period,
  })
}

async function signIn(username: string) {
  const visitor = await handmade.visitor()
  const { page, application } = visitor
  await page.goto(application.url)
  await page.fill('#username', username)
  await page.click('#kc-login')
  await page.fill('#password', username)
  await page.click('#kc-login')
  return visitor
}

/** Runs the import with the server stopped, as an SQLite file wants it. */
async function runImport(...options: string[]) {
  await handmade.stopSidecar()
  const done = await handmade.latchkey('import', '--from', file, ...options)
  await handmade.startSidecar()
  return done
}

const credentialsOf = async (username: string) => {
  const [user] = await handmade.admin.users.find({ realm: handmade.realm.name, username, exact: true })
  const { store } = handmade.sidecar()
  return (await store.background(handmade.realm.name, user?.id ?? '', 'none')).credentials
}

it('Keycloak asks for its own app before, and refuses to share the file of a running server', async () => {
  const visitor = await signIn('utf8-user')
  await visitor.page.waitForSelector('#otp')
  await visitor.close()
  const { code, output } = await handmade.latchkey('import', '--from', file)
  expect(code).toBe(1)
  expect(output).toContain('in use by another Latchkey server')
})

it('a dry run beside the running server counts, shows no secret, and writes nothing', async () => {
  const { code, output } = await handmade.latchkey(
    'import',
    '--from',
    file,
    '--dry-run',
    '--remove-from-keycloak',
  )
  expect(code, output).toBe(0)
  expect(output).toMatch(/users read +4\n/)
  expect(output).toMatch(/apps found +4\n/)
  expect(output).toMatch(/would be moved here +3\n/)
  expect(output).toMatch(/left: counter-based \(HOTP\) +1\n/)
  for (const secret of [TEXT, BASE32]) expect(output).not.toContain(secret)
  expect(await credentialsOf('utf8-user')).toEqual([])
  const visitor = await signIn('base32-user')
  await visitor.page.waitForSelector('#otp')
  await visitor.close()
})

it('moves the apps in and takes them away in Keycloak, and says what it left', async () => {
  const { code, output } = await runImport('--remove-from-keycloak')
  expect(code, output).toBe(0)
  expect(output).toMatch(/ moved here +3\n/)
  expect(output).toMatch(/removed from Keycloak +3\n/)
  expect(output).toMatch(/left: counter-based \(HOTP\) +1\n/)
})

it.each(['base32-user', 'utf8-user', 'sha256-user'])(
  'asks %s for the app that she has, once, and no more in Keycloak (P22, B9)',
  async (username) => {
    const visitor = await signIn(username)
    const { page } = visitor
    await page.waitForSelector('input[name=code]')
    expect(page.url().startsWith(handmade.sidecar().url)).toBe(true)
    const digits = USERS[username]!.data.digits ?? 6
    expect(await page.textContent('#code-hint')).toContain(`${digits}-digit code`)
    await visitor.submitCode(nextCode(username))
    await page.waitForSelector('#app')
    expect(handmade.application.results.at(-1)?.idToken).toMatchObject({
      preferred_username: username,
      amr: ['pwd', 'otp', 'mfa'],
    })
    await visitor.close()
  },
)

it('leaves a counter-based app in Keycloak, which still asks for it', async () => {
  const visitor = await signIn('hotp-user')
  await visitor.page.waitForSelector('#otp')
  await visitor.close()
})

it('a second run moves nothing', async () => {
  const { code, output } = await runImport('--remove-from-keycloak')
  expect(code, output).toBe(0)
  expect(output).toMatch(/ moved here +0\n/)
  expect(output).toMatch(/here already +3\n/)
  expect(output).toMatch(/removed from Keycloak +0\n/)
  expect(await credentialsOf('utf8-user')).toHaveLength(1)
})
