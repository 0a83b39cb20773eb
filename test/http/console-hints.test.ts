import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failing, fakeKeycloak } from '../support/fake-directory.ts'
import type { FakeKeycloak } from '../support/fake-directory.ts'
import { openSync, REALM } from '../support/sync.ts'
import type { Sync } from '../support/sync.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe.each(PLACES)('a hint of a deletion in Keycloak’s console, on %s (B8)', (_, makePlace) => {
  let place: Place
  let sync: Sync
  let keycloak: FakeKeycloak
  beforeEach(async () => {
    place = await makePlace()
    keycloak = fakeKeycloak()
    sync = await openSync(place.url, keycloak)
    keycloak.addUser('bob')
    await sync.round()
    await sync.enrol('bob')
  })
  afterEach(async () => {
    await sync.close()
    await place.drop()
  })

  const deleted = [{ user: 'bob', credential: 'c-bob' }]
  const hint = async (change: object = {}) =>
    await sync.hint({ users: ['bob'], administrators: [], deleted, ...change })
  const methods = async () => (await sync.admin.user(REALM, 'bob'))?.methods.length
  const events = async () => (await sync.audit()).map(({ event, actor }) => `${event} by ${actor}`)

  it('revokes what Keycloak does not list any more', async () => {
    await hint()
    expect(await methods()).toBe(0)
    expect(await events()).toEqual(['method.revoked by keycloak:console'])
    await hint()
    expect(await events()).toHaveLength(1)
  })

  it('revokes nothing that Keycloak lists, and nothing of a user whom it does not know (R32)', async () => {
    keycloak.people.get('bob')?.credentials.push('c-bob')
    await hint()
    expect(await methods()).toBe(1)
    const bob = keycloak.people.get('bob')
    keycloak.people.delete('bob')
    await hint()
    expect(await methods()).toBe(1)
    if (bob !== undefined) keycloak.people.set('bob', bob)
    expect(await events()).not.toContain('method.revoked by keycloak:console')
  })

  it('asks nothing about credentials of Keycloak’s own, or of another user', async () => {
    await hint({
      deleted: [
        { user: 'bob', credential: 'password-1' },
        { user: 'eve', credential: 'c-bob' },
      ],
    })
    expect(await methods()).toBe(1)
    expect(keycloak.calls.filter((call) => call.startsWith('credentialsOf'))).toEqual([])
  })

  it('waits while Keycloak does not say', async () => {
    keycloak.onCall = failing('unreachable', /credentialsOf/)
    await hint()
    expect(await methods()).toBe(1)
    keycloak.onCall = () => {}
    sync.clock.now += 61_000
    await sync.round()
    expect(await methods()).toBe(0)
  })

  it.each([
    ['who administers the realm', { administrators: ['bob'] }, []],
    ['of whom nobody said whether they do', { users: [], administrators: undefined }, []],
    ['who holds a tfa role', {}, ['tfa-manager']],
  ])('revokes nothing of a user %s, and says so in the audit (R28)', async (__, change, roles) => {
    keycloak.people.get('bob')?.roles.push(...roles)
    await hint(change)
    expect(await methods()).toBe(1)
    expect(await events()).toEqual(['deletion.refused by keycloak:console'])
  })
})
