import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importReport } from '../../src/cli/import-report.ts'
import { moveIn } from '../../src/cli/import-run.ts'
import { planMove } from '../../src/core/moving/moving.ts'
import type { ForeignApp, ForeignUser, KnownBatch, MovingChange } from '../../src/core/moving/moving.ts'
import { NOW } from '../support/kit.ts'

const app = (id: string, label?: string): ForeignApp => ({
  id,
  label,
  createdAt: NOW - 1000,
  data: { secret: 'S' },
})
const user = (id: string, ...apps: ForeignApp[]): ForeignUser => ({
  id,
  apps,
  phone: undefined,
  hasCredentials: true,
})
const NOTHING: KnownBatch = { moved: new Map(), gone: new Set() }
const plan = (users: ForeignUser[], known: Partial<KnownBatch> = {}) =>
  planMove('acme', users, { ...NOTHING, ...known }, { now: NOW, random: randomBytes })
const results = (found: ReturnType<typeof plan>) => found.fates.map(({ result }) => result)

describe('what comes along', () => {
  it('is every app that can, with its name, its date and an entry of the audit without its secret (R23)', () => {
    const { change } = plan([user('ann', app('k1', '  Pixel\u00079 '), app('k2'))])
    expect(change).toMatchObject({
      realm: 'acme',
      at: NOW,
      credentials: [
        { source: 'k1', userId: 'ann', method: 'totp', label: 'Pixel9', createdAt: NOW - 1000 },
        { source: 'k2', label: undefined },
      ],
      audit: [
        {
          event: 'method.imported',
          userId: 'ann',
          actor: 'latchkey:command-line',
          detail: { keycloak: 'k1' },
        },
        { detail: { keycloak: 'k2' } },
      ],
    })
    expect(JSON.stringify(change?.audit)).not.toContain('"S"')
    expect(change?.audit[0]?.detail['id']).toBe(change?.credentials[0]?.id)
  })

  it('is nothing that came along before, nor what was removed here since', () => {
    const known = {
      moved: new Map([
        ['k1', true],
        ['k2', false],
      ]),
    }
    const found = plan([user('ann', app('k1'), app('k2'))], known)
    expect(results(found)).toEqual(['present', 'removed'])
    expect(found.change).toBeUndefined()
  })

  it('is nothing of who is gone, and no id twice', () => {
    const found = plan([user('ann', app('k1')), user('bob', app('k2'), app('k2')), user('eve', app('k2'))], {
      gone: new Set(['ann']),
    })
    expect(results(found)).toEqual(['gone', 'moved', 'malformed', 'malformed'])
  })

  it('is five apps of a user at most, those that Keycloak asks for first', () => {
    const apps = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => app(id))
    const found = plan([user('ann', { id: 'h', skip: 'hotp' }, ...apps)])
    expect(results(found)).toEqual(['hotp', 'moved', 'moved', 'moved', 'moved', 'moved', 'too-many'])
    const again = plan([user('ann', ...apps)], { moved: new Map('abcde'.split('').map((id) => [id, true])) })
    expect(results(again)).toEqual(['present', 'present', 'present', 'present', 'present', 'too-many'])
  })
})

describe('a run', () => {
  async function* source(...users: (ForeignUser | undefined)[]) {
    yield* users
  }
  const fake = (answers: ('written' | 'lost')[] = []) => {
    const commits: MovingChange[] = []
    const store = {
      known: async () => NOTHING,
      async commit(change: MovingChange) {
        commits.push(change)
        return answers[commits.length - 1] ?? 'written'
      },
    }
    return { commits, store }
  }
  const options = { realm: 'acme', dryRun: false, clock: () => NOW, readPhone: () => undefined }

  it('writes a hundred users at a time, and counts', async () => {
    const { commits, store } = fake()
    const users = Array.from({ length: 250 }, (_, i) => user(`u${i}`, app(`k${i}`)))
    const tally = await moveIn({ ...options, store, users: source(undefined, ...users) })
    expect(commits.map(({ credentials }) => credentials.length)).toEqual([100, 100, 50])
    expect(tally).toMatchObject({ users: 251, unreadable: 1, apps: new Map([['moved', 250]]) })
  })

  it('looks and decides again where another run was faster, and gives up in the end', async () => {
    const users = [user('ann', app('k'))]
    const once = fake(['lost'])
    expect((await moveIn({ ...options, store: once.store, users: source(...users) })).apps.get('moved')).toBe(
      1,
    )
    expect(once.commits).toHaveLength(2)
    const always = fake(Array.from({ length: 9 }, () => 'lost' as const))
    await expect(moveIn({ ...options, store: always.store, users: source(...users) })).rejects.toThrow(
      'another import',
    )
  })

  it('takes away in Keycloak only what is here, after it is', async () => {
    const order: string[] = []
    const store = {
      known: async () => ({
        moved: new Map([
          ['old', true],
          ['lost', false],
        ]),
        gone: new Set<string>(),
      }),
      async commit() {
        order.push('written')
        return 'written' as const
      },
    }
    const tally = await moveIn({
      ...options,
      store,
      users: source(user('ann', app('new'), app('old'), app('lost'), { id: 'h', skip: 'hotp' })),
      async remove({ userId, source: id }) {
        order.push(`${userId} ${id}`)
        return id === 'new' ? 'removed' : 'failed'
      },
    })
    expect(order).toEqual(['written', 'ann new', 'ann old'])
    expect(tally).toMatchObject({
      removals: new Map([
        ['removed', 1],
        ['failed', 1],
      ]),
    })
  })

  it('writes nothing when dry, and counts numbers of both kinds', async () => {
    const { commits, store } = fake()
    const withPhone = (id: string, phone: string): ForeignUser => ({ ...user(id, app(id)), phone })
    const tally = await moveIn({
      ...options,
      dryRun: true,
      store,
      users: source(withPhone('a', '+491701234567'), withPhone('b', 'none')),
      readPhone: (text) => (text === 'none' ? undefined : text),
    })
    expect(commits).toEqual([])
    const report = importReport(tally, { dryRun: true, removes: false, phoneAttribute: 'mobile' })
    expect(report).toMatch(/would be moved here +2\n/)
    expect(report).toMatch(/numbers in mobile that codes can go to +1\n/)
    expect(report).toMatch(/numbers in mobile that codes cannot go to +1\n/)
  })
})
