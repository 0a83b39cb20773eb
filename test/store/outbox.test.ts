import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commitWrites } from '../../src/adapters/store/commit.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createOutboxStore, outboxWrites, takeBack } from '../../src/adapters/store/outbox-store.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { CLAIM, NOTICE_LIFETIME, nextTry } from '../../src/core/notices/outbox.ts'
import type { Outgoing } from '../../src/core/notices/outbox.ts'
import { createOutbox } from '../../src/worker/outbox.ts'
import { dump, newKey, PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NOW = 1_800_000_000_000
const sealer = createSealer([newKey()])

const messageOf = (change: Partial<Outgoing> = {}): Outgoing => ({
  id: randomUUID(),
  realm: 'demo',
  userId: 'u-bob',
  channel: 'mail',
  to: 'bob@example.com',
  locale: 'de',
  realmDisplayName: 'Demo',
  username: 'bob',
  notice: { kind: 'attempt-failed', at: NOW, address: '192.0.2.7' },
  notBefore: NOW,
  expiresAt: NOW + NOTICE_LIFETIME,
  tries: 0,
  ...change,
})

describe.each(PLACES)('the outbox on %s', (_name, make) => {
  let place: Place
  let database: Database
  beforeEach(async () => {
    place = await make()
    database = await openDatabase(place.url)
  })
  afterEach(async () => {
    await database.close()
    await place.drop()
  })
  const put = async (...messages: Outgoing[]) => await commitWrites(database, outboxWrites(messages, sealer))
  const store = () => createOutboxStore(database, sealer)

  it('hands a message to one taker when it is due, and not before', async () => {
    const message = messageOf({ notBefore: NOW + 1 })
    await put(message)
    expect(await store().take(NOW, 10)).toEqual([])
    const { notBefore: _, ...rest } = message
    expect(await store().take(NOW + 1, 10)).toMatchObject([{ ...rest, tries: 1 }])
    expect(await store().take(NOW + 1, 10)).toEqual([])
  })

  it('hands it to another where the first taker ended without a word', async () => {
    await put(messageOf())
    await store().take(NOW, 10)
    expect(await store().take(NOW + CLAIM, 10)).toMatchObject([{ tries: 2 }])
  })

  it('hands each of many messages to one of many takers', async () => {
    const messages = Array.from({ length: 40 }, () => messageOf())
    for (const message of messages) await put(message)
    const taken = await Promise.all(Array.from({ length: 20 }, async () => await store().take(NOW, 5)))
    const ids = taken.flat().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length + (await store().take(NOW, 100)).length).toBe(40)
  })

  it('keeps one message of a burst, and none that is taken back in time', async () => {
    await put(messageOf({ burst: 'failed u-bob' }))
    await put(messageOf({ burst: 'failed u-bob' }))
    expect(await store().waiting()).toBe(1)
    await commitWrites(database, [takeBack('failed u-bob')])
    expect(await store().waiting()).toBe(0)
  })

  it('does not take back what is on its way', async () => {
    await put(messageOf({ burst: 'failed u-bob' }))
    await store().take(NOW, 10)
    await commitWrites(database, [takeBack('failed u-bob')])
    expect(await store().waiting()).toBe(1)
  })

  it('shows neither address nor name nor reason in a stolen database', async () => {
    await put(messageOf())
    const cells = await dump(database)
    for (const secret of ['bob@example.com', 'attempt-failed', '192.0.2.7']) {
      expect(cells.filter(({ text }) => text.includes(secret))).toEqual([])
    }
  })

  it('tries again later and later until the time is over, then gives up; sends what goes once', async () => {
    await put(messageOf())
    const outcomes: string[] = []
    let now = NOW
    const post = (result: 'sent' | 'failed' | 'refused') => ({
      store: store(),
      send: async () => (result === 'sent' ? { result } : { result, why: 'no' }),
      clock: () => now,
      told: (_message: Outgoing, { result: became }: { result: string }, again: boolean) =>
        outcomes.push(`${became}${again ? ', again' : ''}`),
    })
    const tried = []
    for (; now < NOW + 2 * NOTICE_LIFETIME; now += 30_000) {
      if ((await createOutbox(post('failed'))()) > 0) tried.push((now - NOW) / 1000)
    }
    expect(tried.slice(0, 5)).toEqual([0, 30, 90, 210, 450])
    expect(outcomes.at(-1)).toBe('failed')
    expect(await store().waiting()).toBe(0)

    await put(messageOf({ notBefore: now, expiresAt: now + 1_000 }))
    expect(await createOutbox(post('sent'))()).toBe(1)
    expect(await createOutbox(post('sent'))()).toBe(0)
    await put(messageOf({ notBefore: now, expiresAt: now + NOTICE_LIFETIME }))
    expect(await createOutbox(post('refused'))()).toBe(1)
    expect(await store().waiting()).toBe(0)
  })
})

it('a message that failed waits twice as long each time, an hour at most', () => {
  const waits = Array.from({ length: 10 }, (_, i) => {
    const at = nextTry(messageOf({ tries: i + 1 }), NOW)
    return at === undefined ? undefined : (at - NOW) / 1000
  })
  expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  expect(nextTry(messageOf({ tries: 1, expiresAt: NOW + 10 }), NOW)).toBeUndefined()
})
