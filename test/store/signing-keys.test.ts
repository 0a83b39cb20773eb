import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createSigningKeys, replaceSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import type { SigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { NOW } from '../support/kit.ts'
import { PLACES, dump, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const DAY = 86_400_000
const key = newKey()

const kids = (keys: SigningKeys) => keys.publish().keys.map(({ kid }) => kid)

/** The kid that a server signs with now; its token must verify against what `by` publishes. */
async function signs(keys: SigningKeys, by = keys): Promise<string | undefined> {
  const token = await keys.sign('JWT', { a: 1 })
  await jwtVerify(token, createLocalJWKSet(by.publish()), { typ: 'JWT', algorithms: ['ES256'] })
  return decodeProtectedHeader(token).kid
}

describe.each(PLACES)('the signing keys on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  const clock = { now: NOW }

  beforeEach(async () => {
    clock.now = NOW
    place = await makePlace()
    database = await openDatabase(place.url)
  })
  afterEach(async () => {
    await database.close()
    await place.drop()
  })

  const server = (at: { now: number } = clock) =>
    createSigningKeys(database, createSealer([key]), () => at.now)

  /** A server that is on all the time: it looks once a day. */
  async function run(keys: SigningKeys, days: number): Promise<void> {
    for (let i = 0; i < days; i++) {
      clock.now += DAY
      await keys.refresh(clock.now)
    }
  }

  it('are two from the start: one signs, the next is published already', async () => {
    const keys = server()
    await keys.refresh(clock.now)
    expect(kids(keys)).toHaveLength(2)
    expect(await signs(keys)).toBe(kids(keys)[0])
    for (const jwk of keys.publish().keys) {
      expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
      expect(jwk).not.toHaveProperty('d')
    }
  })

  it('have a kid that never changes its key, and no private part in plain text (R5)', async () => {
    const keys = server()
    await keys.refresh(clock.now)
    const byKid = new Map(keys.publish().keys.map((jwk) => [jwk.kid, JSON.stringify(jwk)]))
    await run(keys, 200)
    for (const jwk of keys.publish().keys) {
      expect(byKid.get(jwk.kid) ?? JSON.stringify(jwk)).toBe(JSON.stringify(jwk))
      byKid.set(jwk.kid, JSON.stringify(jwk))
    }
    expect((await dump(database)).filter(({ text }) => text.includes('"d":'))).toEqual([])
  })

  it('rotate to the key that was published before, and keep the old one for who has its tokens', async () => {
    const keys = server()
    await keys.refresh(clock.now)
    const [first, second] = kids(keys)
    await run(keys, 89)
    expect(await signs(keys)).toBe(first)
    clock.now += DAY
    // The moment of the change, before the timer has run and after it.
    expect(await signs(keys)).toBe(second)
    expect(kids(keys)).toContain(first)
    await keys.refresh(clock.now)
    expect(await signs(keys)).toBe(second)
    expect(kids(keys)).toHaveLength(3)
    clock.now += DAY
    expect(kids(keys)).not.toContain(first)
  })

  it('never sign with a key that was published for less than a day, in a year of running', async () => {
    const keys = server()
    await keys.refresh(clock.now)
    const published = new Map(kids(keys).map((kid) => [kid, clock.now - 10 * DAY]))
    for (let i = 0; i < 365; i++) {
      await run(keys, 1)
      for (const kid of kids(keys)) if (!published.has(kid)) published.set(kid, clock.now)
      const kid = decodeProtectedHeader(await keys.sign('JWT', {})).kid
      expect(clock.now - published.get(kid)!).toBeGreaterThanOrEqual(DAY)
    }
  })

  it.each([91, 180, 200, 1000])('sign with a published key after %i days of being off', async (days) => {
    const before = server()
    await before.refresh(clock.now)
    clock.now += days * DAY
    const keys = server()
    await keys.refresh(clock.now)
    expect(await signs(keys)).toBeDefined()
    expect(kids(keys).length).toBeGreaterThanOrEqual(2)
  })

  it('sign with the key that was published before for as long as it is good, after half a year of being off', async () => {
    const before = server()
    await before.refresh(clock.now)
    const known = kids(before)
    clock.now += 180 * DAY + 1000
    const keys = server()
    await keys.refresh(clock.now)
    expect(await signs(keys)).toBe(known[1])
    expect(kids(keys).filter((kid) => !known.includes(kid))).toHaveLength(1)
  })

  it('are the same on two servers that start at the same time', async () => {
    const [one, two] = [server(), server()]
    await Promise.all([one.refresh(clock.now), two.refresh(clock.now)])
    expect(kids(one)).toEqual(kids(two))
    expect(await signs(one, two)).toBe(await signs(two, one))
  })

  it('are the same on two servers that see a rotation apart', async () => {
    const [one, two] = [server(), server()]
    await one.refresh(clock.now)
    await two.refresh(clock.now)
    clock.now += 90 * DAY + 1000
    await one.refresh(clock.now)
    expect(await signs(one, two)).toBe(await signs(two, one))
  })

  it('do not open where the encryption key is another one', async () => {
    await server().refresh(clock.now)
    const stranger = createSigningKeys(database, createSealer([newKey()]), () => clock.now)
    await expect(stranger.refresh(clock.now)).rejects.toThrow()
  })

  it("are not read once they are over: a lost encryption key is then nobody's", async () => {
    await server().refresh(clock.now)
    clock.now += 200 * DAY
    const stranger = createSigningKeys(database, createSealer([newKey('k2')]), () => clock.now)
    await stranger.refresh(clock.now)
    expect(await signs(stranger)).toBeDefined()
    await prune(database, clock.now)
    const numbers = await database.db.selectFrom('signing_key').select('n').orderBy('n').execute()
    expect(numbers).toEqual([{ n: 3 }, { n: 4 }])
  })

  it('say which key is missing, and what to do where it is lost', async () => {
    await server().refresh(clock.now)
    const stranger = createSigningKeys(database, createSealer([newKey('k2')]), () => clock.now)
    await expect(stranger.refresh(clock.now)).rejects.toThrow(
      /^the signing key 1 can't be opened: the encryption key "k1" is not configured\. Put .*"latchkey keys rotate --signing"/,
    )
  })

  it('are published as they were sealed, whatever somebody wrote into the database', async () => {
    await server().refresh(clock.now)
    const before = (await dump(database)).filter(({ table }) => table === 'signing_key')
    await database.db
      .updateTable('signing_key')
      .set({ public_jwk: JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'evil', y: 'evil' }) })
      .execute()
    const keys = server()
    await keys.refresh(clock.now)
    expect(JSON.stringify(keys.publish())).not.toContain('evil')
    const published = before.filter(({ column }) => column === 'public_jwk').map(({ text }) => text)
    expect(keys.publish().keys).toEqual(published.map((text) => JSON.parse(text) as unknown))
    expect(await signs(keys)).toBe(kids(keys)[0])
  })

  it('are replaced at once where one leaked: published first, then used, then the others are gone (B13)', async () => {
    const [one, two] = [server(), server()]
    await one.refresh(clock.now)
    await two.refresh(clock.now)
    const old = kids(one)
    let isPaused = false
    const kid = await replaceSigningKeys(database, createSealer([key]), {
      clock: () => clock.now,
      lead: 120_000,
      async pause(milliseconds) {
        isPaused = true
        await one.refresh(clock.now)
        await two.refresh(clock.now)
        expect([await signs(one, two), kids(two)]).toEqual([old[0], [...old, kids(two).at(-1)!]])
        clock.now += milliseconds
        // Before anything was withdrawn, each knows the new one already.
        expect(await signs(one, two)).toBe(await signs(two, one))
      },
    })
    expect(isPaused).toBe(true)
    expect(old).not.toContain(kid)
    await one.refresh(clock.now)
    await two.refresh(clock.now)
    expect(await signs(one, two)).toBe(kid)
    expect(kids(one)).toEqual(kids(two))
    expect(kids(one)).toHaveLength(2)
    for (const gone of old) expect(kids(one)).not.toContain(gone)
  })

  it('are replaced also where the key that they were sealed under is lost', async () => {
    await server().refresh(clock.now)
    const sealer = createSealer([newKey('k2')])
    const pause = async () => {}
    const kid = await replaceSigningKeys(database, sealer, { clock: () => clock.now, lead: 0, pause })
    const stranger = createSigningKeys(database, sealer, () => clock.now)
    await stranger.refresh(clock.now)
    expect(await signs(stranger)).toBe(kid)
  })
})
