import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import type { Change, Committed, LoginStore } from '../../src/core/ports.ts'
import type { Transaction } from '../../src/core/login/transaction.ts'
import { NOW, PROOF, SECRET, transactionOf } from '../support/kit.ts'
import { PLACES, dump, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const AUDIT = { event: 'challenge.failed', realm: 'demo', at: NOW, detail: {} } as const

describe.each(PLACES)('the store on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: LoginStore
  let users = 0

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    store = createLoginStore(database, createSealer([newKey()]))
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  /** A user of the test's own, with a step at version 1, an app at version 1 and attempts at version 1. */
  async function someone() {
    const userId = `user-${++users}`
    const transaction = stepOf(userId)
    const own = { realm: 'demo', userId }
    const app = {
      id: `app-${userId}`,
      method: 'totp',
      label: 'phone',
      data: { secret: SECRET, lastStep: 0 },
      at: NOW,
    }
    const written = await store.commit({
      ...own,
      insert: transaction,
      enrol: [app],
      attempts: { next: { ...NO_ATTEMPTS, failures: 1, total: 1 }, version: 0 },
    })
    expect(written).toBe('written')
    return { ...own, id: transaction.id, app: app.id, nonce: transaction.question.nonce }
  }

  function stepOf(userId: string, change: Partial<Transaction> = {}): Transaction {
    const made = transactionOf({ at: 'challenge', method: 'totp', then: 'done' })
    return {
      ...made,
      id: `step-${userId}`,
      version: 0,
      account: { ...made.account, userId, username: 'robert' },
      question: { ...made.question, nonce: `nonce-of-${userId}` },
      requestUri: { hash: `uri-${userId}`, expiresAt: NOW },
      ...change,
    }
  }

  async function rowsOf(userId: string) {
    const { db } = database
    const of = (table: 'credential' | 'attempt' | 'transaction' | 'audit') =>
      db.selectFrom(table).selectAll().where('user_id', '=', userId).execute()
    return {
      credential: await of('credential'),
      attempt: await of('attempt'),
      step: await of('transaction'),
      audit: await of('audit'),
    }
  }

  type Someone = Awaited<ReturnType<typeof someone>>

  /** A right answer: everything that a verification writes, each part under its guard. */
  async function answer(one: Someone): Promise<Change> {
    const situation = await store.situation('demo', { id: one.id })
    const { transaction, attempts, credentials } = situation!
    return {
      realm: 'demo',
      userId: one.userId,
      once: { jti: `jti-${one.userId}`, expiresAt: NOW + 1000 },
      attempts: { next: { ...attempts, failures: 0 }, version: attempts.version },
      transaction: {
        next: { ...transaction, stage: { at: 'done', proof: PROOF } },
        version: transaction.version,
      },
      credentials: [
        { id: one.app, data: credentials[0]!.data, version: credentials[0]!.version, usedAt: NOW },
      ],
      enrol: [
        {
          id: `second-${one.userId}`,
          method: 'totp',
          label: undefined,
          data: { secret: SECRET, lastStep: 1 },
          at: NOW,
        },
      ],
      audit: [{ ...AUDIT, event: 'challenge.succeeded', userId: one.userId }],
    }
  }

  it('writes every part of a change', async () => {
    const one = await someone()
    expect(await store.commit(await answer(one))).toBe('written')
    const rows = await rowsOf(one.userId)
    expect(new Set(rows.credential.map(({ version }) => version))).toEqual(new Set([1, 2]))
    expect(rows.attempt).toMatchObject([{ version: 2, failures: 0, total: 1 }])
    expect(rows.step).toMatchObject([{ version: 2 }])
    expect(rows.audit).toMatchObject([{ event: 'challenge.succeeded', at: NOW }])
    const after = await store.situation('demo', { id: one.id })
    expect(after?.transaction).toMatchObject({ version: 2, stage: { at: 'done', proof: PROOF } })
  })

  const spoilt: [string, Committed, (change: Change) => Change][] = [
    ['attempts', 'lost', (change) => ({ ...change, attempts: { ...change.attempts!, version: 7 } })],
    ['step', 'lost', (change) => ({ ...change, transaction: { ...change.transaction!, version: 7 } })],
    [
      'credential',
      'lost',
      (change) => ({ ...change, credentials: [{ ...change.credentials![0]!, version: 7 }] }),
    ],
    ['message id', 'replayed', (change) => ({ ...change, once: { jti: 'jti-used', expiresAt: NOW } })],
  ]

  it.each(spoilt)(
    'writes nothing at all where the guard of the %s refuses, and says %s (R2, P3)',
    async (_guard, said, spoil) => {
      await store.commit({ realm: 'demo', userId: 'x', once: { jti: 'jti-used', expiresAt: NOW + 1000 } })
      const one = await someone()
      const before = await rowsOf(one.userId)
      const change = await answer(one)
      expect(await store.commit(spoil(change))).toBe(said)
      expect(await rowsOf(one.userId)).toEqual(before)
      // The message id was not used up either: the same change, in order, is taken.
      expect(await store.commit(change)).toBe('written')
    },
  )

  it('writes nothing to another user or realm by an id that it is given (R5)', async () => {
    const [one, other] = [await someone(), await someone()]
    const before = await rowsOf(other.userId)
    const credential = { id: other.app, data: {}, version: 1, usedAt: NOW }
    expect(await store.commit({ realm: 'demo', userId: one.userId, credentials: [credential] })).toBe('lost')
    expect(await store.commit({ realm: 'elsewhere', userId: other.userId, credentials: [credential] })).toBe(
      'lost',
    )
    await store.commit({ realm: 'demo', userId: one.userId, remove: [other.app], failed: [other.app] })
    expect(await rowsOf(other.userId)).toEqual(before)
  })

  it('takes the same message id in another realm: each realm has its own', async () => {
    const once = { jti: 'jti-shared', expiresAt: NOW + 1000 }
    expect(await store.commit({ realm: 'demo', userId: 'x', once })).toBe('written')
    expect(await store.commit({ realm: 'other', userId: 'x', once })).toBe('written')
    expect(await store.commit({ realm: 'demo', userId: 'y', once })).toBe('replayed')
  })

  it('lets one of 50 parallel answers through, whatever they race for (R2, P3)', async () => {
    const one = await someone()
    const change = await answer(one)
    const { once: _once, enrol: _enrol, ...rest } = change
    const said = await Promise.all(Array.from({ length: 50 }, () => store.commit(rest)))
    expect(said.filter((result) => result === 'written')).toHaveLength(1)
    expect(said.filter((result) => result === 'lost')).toHaveLength(49)
    expect(await rowsOf(one.userId)).toMatchObject({
      attempt: [{ version: 2 }],
      audit: [{}],
      step: [{ version: 2 }],
    })
  })

  it('lets one of 50 parallel tries make the first row of a user (R7)', async () => {
    const userId = `user-${++users}`
    const attempts = { next: { ...NO_ATTEMPTS, failures: 1, total: 1 }, version: 0 }
    const said = await Promise.all(
      Array.from({ length: 50 }, () => store.commit({ realm: 'demo', userId, attempts })),
    )
    expect(said.filter((result) => result === 'written')).toHaveLength(1)
    expect((await rowsOf(userId)).attempt).toMatchObject([{ version: 1, failures: 1, total: 1 }])
  })

  it('lets one of 20 parallel uses of a message id through', async () => {
    const once = { jti: 'jti-raced', expiresAt: NOW + 1000 }
    const said = await Promise.all(
      Array.from({ length: 20 }, () => store.commit({ realm: 'demo', userId: 'x', once })),
    )
    expect(said.filter((each) => each === 'written')).toHaveLength(1)
    expect(said.filter((each) => each === 'replayed')).toHaveLength(19)
  })

  it('lets one of 20 parallel pushes begin the step of a nonce', async () => {
    const userId = `user-${++users}`
    const said = await Promise.all(
      Array.from({ length: 20 }, (_step, i) =>
        store.commit({
          realm: 'demo',
          userId,
          once: { jti: `jti-${userId}-${i}`, expiresAt: NOW + 1000 },
          insert: stepOf(userId, {
            id: `raced-${i}`,
            requestUri: { hash: `raced-${userId}-${i}`, expiresAt: NOW },
          }),
        }),
      ),
    )
    expect(said.filter((result) => result === 'written')).toHaveLength(1)
    expect(said.filter((result) => result === 'lost')).toHaveLength(19)
    expect((await rowsOf(userId)).step).toHaveLength(1)
  })

  it('never changes a step that was redeemed (R13)', async () => {
    const one = await someone()
    const { transaction } = (await store.situation('demo', { id: one.id }))!
    const redeem = { next: { ...transaction, redeemed: true }, version: 1 }
    expect(await store.commit({ realm: 'demo', userId: one.userId, transaction: redeem })).toBe('written')
    const back = { next: { ...transaction, redeemed: false }, version: 2 }
    expect(await store.commit({ realm: 'demo', userId: one.userId, transaction: back })).toBe('lost')
  })

  it('never takes back what was reported', async () => {
    const one = await someone()
    const reported = async (change: Partial<Change>) => {
      expect(await store.commit({ realm: 'demo', userId: one.userId, ...change })).toBe('written')
      return (await rowsOf(one.userId)).attempt[0]?.reported
    }
    expect(await reported({ reported: 5 })).toBe(5)
    expect(await reported({ reported: 3 })).toBe(5)
    expect(
      await reported({ attempts: { next: { ...NO_ATTEMPTS, total: 9, reported: 4 }, version: 1 } }),
    ).toBe(5)
    expect(
      await reported({ attempts: { next: { ...NO_ATTEMPTS, total: 9, reported: 9 }, version: 2 } }),
    ).toBe(9)
  })

  it('adds a failure to the credentials that were tried, and a success clears it (R8)', async () => {
    const one = await someone()
    const failures = async () => (await store.situation('demo', { id: one.id }))!.credentials[0]!.failures
    await store.commit({ realm: 'demo', userId: one.userId, failed: [one.app] })
    await store.commit({ realm: 'demo', userId: one.userId, failed: [one.app] })
    expect(await failures()).toBe(2)
    await store.commit(await answer(one))
    expect(await failures()).toBe(0)
  })

  it('finds a step by id, request_uri and code, in its realm only (R15)', async () => {
    const one = await someone()
    const { transaction } = (await store.situation('demo', { id: one.id }))!
    const code = { hash: `code-${one.userId}`, expiresAt: NOW }
    await store.commit({
      realm: 'demo',
      userId: one.userId,
      transaction: { next: { ...transaction, code }, version: 1 },
    })
    for (const by of [{ id: one.id }, { requestUriHash: `uri-${one.userId}` }, { codeHash: code.hash }]) {
      expect((await store.situation('demo', by))?.transaction).toMatchObject({ id: one.id, code })
      expect(await store.situation('other', by)).toBeUndefined()
    }
    expect((await store.background('demo', one.userId, one.nonce)).transaction?.id).toBe(one.id)
    expect((await store.background('other', one.userId, one.nonce)).transaction).toBeUndefined()
  })

  it('does not open a row that was copied to another user (R5)', async () => {
    const [one, other] = [await someone(), await someone()]
    const [stolen] = (await rowsOf(one.userId)).credential
    await database.db
      .updateTable('credential')
      .set({ sealed: stolen!.sealed })
      .where('user_id', '=', other.userId)
      .execute()
    const opened = async () => (await store.background('demo', other.userId, other.nonce)).credentials
    expect(await opened()).toMatchObject([{ data: undefined, unreadable: expect.any(String) as string }])
    const situation = await store.situation('demo', { id: other.id })
    expect(situation?.credentials).toEqual(await opened())
    await database.db
      .updateTable('credential')
      .set({ user_id: other.userId })
      .where('id', '=', one.app)
      .execute()
    expect((await opened()).map(({ data }) => data)).toEqual([undefined, undefined])
  })

  it('keeps text as it is, whatever it says', async () => {
    const userId = `o'; drop table attempt; -- ${++users}`
    const label = `"quoted" \\ 日本語 🗝 $1 ? :x`
    const insert = stepOf(userId)
    const enrol = [
      { id: `id-${users}`, method: 'totp', label, data: { secret: SECRET, note: label }, at: NOW },
    ]
    expect(await store.commit({ realm: 'demo', userId, insert, enrol })).toBe('written')
    const [credential] = (await store.situation('demo', { id: insert.id }))!.credentials
    expect(credential).toMatchObject({ label, data: { note: label } })
  })

  it('shows no secret and no name of a user to who steals it (R5, P26)', async () => {
    await someone()
    const cells = await dump(database)
    expect(new Set(cells.map(({ table }) => table))).toContain('credential')
    expect(cells.filter(({ text }) => text.includes(SECRET) || text.includes('robert'))).toEqual([])
  })

  it('forgets what can not be used any more, and nothing else', async () => {
    const userId = `user-${++users}`
    const hour = 3_600_000
    const ages = { fresh: NOW, over: NOW - hour + 1000, old: NOW - hour - 1000 }
    for (const [name, expiresAt] of Object.entries(ages)) {
      const id = `${name}-${userId}`
      const question = { ...stepOf(userId).question, nonce: id }
      const requestUri = { hash: id, expiresAt }
      await store.commit({
        realm: 'demo',
        userId,
        insert: stepOf(userId, { id, question, requestUri, expiresAt }),
      })
    }
    await store.commit({ realm: 'demo', userId, once: { jti: 'jti-past', expiresAt: NOW - 1 } })
    await store.commit({ realm: 'demo', userId, once: { jti: 'jti-now', expiresAt: NOW } })
    await prune(database, NOW)
    const { step } = await rowsOf(userId)
    expect(step.map(({ id }) => id).toSorted()).toEqual([`fresh-${userId}`, `over-${userId}`])
    const ids = await database.db
      .selectFrom('used_jti')
      .select('jti')
      .where('jti', 'in', ['jti-past', 'jti-now'])
      .execute()
    expect(ids).toEqual([{ jti: 'jti-now' }])
  })
})
