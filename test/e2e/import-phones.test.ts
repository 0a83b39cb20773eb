import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHandmade } from '../support/handmade.ts'
import type { Handmade } from '../support/handmade.ts'

let handmade: Handmade
let folder: string
beforeAll(async () => {
  handmade = await startHandmade()
  await handmade.sidecar().policy.saveSettings(handmade.realm.name, { smsCountries: ['DE'] })
  folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'))
})
afterAll(async () => {
  await handmade.stop()
  rmSync(folder, { recursive: true, force: true })
})

const put = (name: string, content: unknown) => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}
const idOf = async (username: string) =>
  (await handmade.admin.users.find({ realm: handmade.realm.name, username, exact: true }))[0]?.id ?? ''

/** Runs the import with the server stopped, as an SQLite file wants it. */
async function runImport(file: string, ...options: string[]) {
  await handmade.stopSidecar()
  const done = await handmade.latchkey('import', '--from', file, ...options)
  await handmade.startSidecar()
  return done
}

it('believes no number that users can change, and copies one that only administrators can (R25)', async () => {
  const { admin, realm } = handmade
  const profile = await admin.users.getProfile({ realm: realm.name })
  const declare = async (edit: string[]) => {
    const names = ['mobile', 'phoneNumber']
    const attributes = [
      ...(profile.attributes ?? []).filter(({ name = '' }) => !names.includes(name)),
      ...names.map((name) => ({
        name,
        permissions: { view: ['admin'], edit: name === 'mobile' ? edit : ['admin'] },
      })),
    ]
    await admin.users.updateProfile({ ...profile, attributes, realm: realm.name })
  }
  const person = async (username: string, mobile: string) => ({
    id: await idOf(username),
    attributes: { mobile: [mobile] },
    credentials: [{ type: 'password' }],
  })
  await declare(['admin'])
  const bob = { realm: realm.name, id: await idOf('bob') }
  const before = await admin.users.findOne(bob)
  await admin.users.update(bob, {
    ...before,
    attributes: { ...before?.attributes, phoneNumber: ['+491701111111'] },
  })
  const file = put('phones.json', {
    realm: realm.name,
    users: [
      await person('alice', '0170 7654321'),
      await person('bob', '+49 170 2222222'),
      await person('carol', 'the one by the door'),
    ],
  })
  const trust = ['--phone-attribute', 'mobile', '--trust-phones']

  await declare(['admin', 'user'])
  const refused = await runImport(file, ...trust)
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('users can change mobile themselves')

  await declare(['admin'])
  const { code, output } = await runImport(file, ...trust)
  expect(code, output).toBe(0)
  expect(output).toMatch(/numbers in mobile that codes can go to +2\n/)
  expect(output).toMatch(/numbers in mobile that codes cannot go to +1\n/)
  expect(output).toMatch(/numbers copied to phoneNumber +1\n/)
  expect(output).toMatch(/numbers not copied, since phoneNumber has one +1\n/)
  expect(output).not.toContain('7654321')
  const phoneOf = async (id: string) => (await admin.users.findOne({ realm: realm.name, id }))?.attributes
  expect(await phoneOf(await idOf('alice'))).toMatchObject({ phoneNumber: ['+491707654321'] })
  expect(await phoneOf(bob.id)).toMatchObject({ phoneNumber: ['+491701111111'] })
})

it('says what is wrong with an export of the admin console', async () => {
  const partial = put('partial.json', await handmade.exported())
  const { code, output } = await handmade.latchkey('import', '--from', partial, '--dry-run')
  expect(code).toBe(1)
  expect(output).toContain('a partial export of the admin console carries none')
})
