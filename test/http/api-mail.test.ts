import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { onlyFor, startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { openForReading } from '../../src/adapters/store/database.ts'
import { dump, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const PASSWORD = 'pa55-of-the-mail-server'

let server: MailServerDouble
let place: Place
let world: ApiWorld
let erin: Client

beforeAll(async () => {
  server = await startMailServer(onlyFor('acme', PASSWORD))
  place = sqlitePlace()
  world = await startApi({
    users: [
      { id: 'erin', roles: ['tfa-admin'] },
      { id: 'bob', email: 'bob@example.com' },
    ],
    dbUrl: place.url,
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    background: true,
  })
  erin = await world.as('erin', ['tfa-admin'])
})
afterAll(async () => {
  await world.stop()
  await place.drop()
  await server.stop()
})

const set = async (mail: object) => {
  const etag = (await erin('GET', '/settings')).headers.get('etag') ?? ''
  const body = { mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'a@b.org', ...mail } }
  return await erin('PATCH', '/settings', { body, headers: { 'If-Match': etag } })
}
const test = async () =>
  (await erin('POST', '/settings/mail-test', { body: { to: 'erin@example.com' } })).json

describe("a realm's mail server", () => {
  it('is tried by a message, and told apart: none, a wrong password, one that works (S16, S17)', async () => {
    expect((await erin('POST', '/settings/mail-test', { body: { to: 'erin@example.com' } })).status).toBe(409)
    expect((await set({ username: 'acme' })).status).toBe(200)
    expect(await test()).toEqual({
      result: 'failed',
      why: expect.stringContaining('did not take the user name and password'),
    })
    const saved = await erin('PUT', '/settings/mail-password', { body: { password: PASSWORD } })
    expect(saved.status).toBe(204)
    expect(await test()).toEqual({ result: 'sent', why: null })
    expect((await server.mailTo('erin@example.com')).subject).toBe('Mail of demo arrives')
    await erin('DELETE', '/settings/mail-password')
    expect(await test()).toMatchObject({ result: 'failed' })
    await erin('PUT', '/settings/mail-password', { body: { password: PASSWORD } })
  })

  it('never shows its password, nor keeps it as it is (R5, R23)', async () => {
    const answers = [await erin('GET', '/settings'), await erin('GET', '/audit')]
    expect(JSON.stringify(answers.map(({ json }) => json))).not.toContain(PASSWORD)
    const database = openForReading(place.url)
    const cells = await dump(database)
    await database.close()
    expect(cells.filter(({ table }) => table === 'realm_secret')).not.toEqual([])
    expect(cells.filter(({ text }) => text.includes(PASSWORD))).toEqual([])
  })

  it('forgets its password where it would be told to another server than it was entered for', async () => {
    expect(await test()).toMatchObject({ result: 'sent' })
    const told: string[] = []
    const foreign = await startMailServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, done) => {
        told.push(String(password))
        done(null, { user: 'thief' })
      },
    })
    await set({ username: 'acme', port: foreign.port })
    await test()
    expect(told).not.toContain(PASSWORD)
    await foreign.stop()
    await set({ username: 'acme' })
    expect(await test()).toMatchObject({ result: 'failed' })
    await erin('PUT', '/settings/mail-password', { body: { password: PASSWORD } })
    // Who it is from is no other server.
    await set({ username: 'acme', fromName: 'Acme' })
    expect(await test()).toMatchObject({ result: 'sent' })
  })

  it('tells a user what an administrator took away (S21)', async () => {
    await world.enrol('bob', ['totp'])
    expect((await erin('POST', '/users/bob/reset')).status).toBe(200)
    const mail = await server.mailTo('bob@example.com')
    expect(mail.subject).toBe('The second factors of your account were removed')
    expect(mail.text).not.toContain('127.0.0.1')
  })
})
