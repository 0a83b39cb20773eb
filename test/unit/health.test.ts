import { expect, it } from 'vitest'
import { judge } from '../../src/core/health.ts'
import type { Check, Facts, RealmFacts } from '../../src/core/health.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import { NOW } from '../support/kit.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

function factsOf(change: Partial<Facts> = {}, realm: Partial<RealmFacts> = {}): Facts {
  return {
    now: NOW,
    startedAt: NOW - DAY,
    isStopping: false,
    isDatabaseUp: true,
    signingKey: { since: NOW - DAY, until: NOW + 30 * DAY },
    syncInterval: 15 * MINUTE,
    realms: [
      {
        realm: 'demo',
        keycloak: { okAt: NOW - MINUTE },
        mail: {},
        textMessages: {},
        sync: { ...NEVER_SYNCED, completedAt: NOW - 10 * MINUTE },
        backlog: { notices: { count: 0 }, unsealed: { count: 0 } },
        ...realm,
      },
    ],
    ...change,
  }
}

/** What is not as it should be. */
function wrongOf(facts: Facts): { status: string; checks: [string, Check['status']][] } {
  const { status, checks } = judge(facts)
  const wrong = checks.filter((one) => one.status !== 'UP')
  return { status, checks: wrong.map((one) => [one.name, one.status]) }
}

it('finds nothing wrong with a server that has not tried anything yet (B16)', () => {
  expect(wrongOf(factsOf())).toEqual({ status: 'UP', checks: [] })
  expect(wrongOf(factsOf({}, { keycloak: {} }))).toEqual({ status: 'UP', checks: [] })
  expect(judge(factsOf()).checks.map(({ name }) => name)).toEqual([
    'server',
    'database',
    'signing-key',
    'keycloak',
    'sync',
    'mail',
    'text-messages',
    'notices',
    'audit',
  ])
})

it.each<[string, Facts, string]>([
  ['it is about to stop', factsOf({ isStopping: true }), 'server'],
  ['the database is away', factsOf({ isDatabaseUp: false }), 'database'],
  ['it has no key to sign with', factsOf({ signingKey: undefined }), 'signing-key'],
])('is not ready where %s (B16)', (_why, facts, name) => {
  expect(wrongOf(facts)).toEqual({ status: 'DOWN', checks: [[name, 'DOWN']] })
})

it.each<[string, Facts, string]>([
  [
    'the last key ends soon, and there is no next',
    factsOf({ signingKey: { since: NOW - 90 * DAY, until: NOW + DAY - 1 } }),
    'signing-key',
  ],
  [
    'Keycloak did not answer when it was last asked',
    factsOf({}, { keycloak: { okAt: NOW - 2, failedAt: NOW - 1 } }),
    'keycloak',
  ],
  ['Keycloak never answered', factsOf({}, { keycloak: { failedAt: NOW - 1 } }), 'keycloak'],
  ['the last mail failed', factsOf({}, { mail: { okAt: 1, failedAt: 2 } }), 'mail'],
  ['the last text message failed', factsOf({}, { textMessages: { failedAt: 2 } }), 'text-messages'],
  [
    'three full passes are missing',
    factsOf({}, { sync: { ...NEVER_SYNCED, completedAt: NOW - 45 * MINUTE - 1 } }),
    'sync',
  ],
  ['no full pass ever went through', factsOf({}, { sync: NEVER_SYNCED }), 'sync'],
  [
    'the worker has a problem',
    factsOf(
      {},
      {
        sync: {
          ...NEVER_SYNCED,
          completedAt: NOW,
          problem: { reason: 'refused', message: 'says where', since: NOW },
        },
      },
    ),
    'sync',
  ],
  [
    'a notice waits for a quarter of an hour',
    factsOf({}, backlog({ notices: { count: 3, oldestAt: NOW - 15 * MINUTE - 1 } })),
    'notices',
  ],
  [
    'an entry waits for its seal for a minute',
    factsOf({}, backlog({ unsealed: { count: 3, oldestAt: NOW - MINUTE - 1 } })),
    'audit',
  ],
])('is ready, and says so, where %s (B16)', (_why, facts, name) => {
  expect(wrongOf(facts)).toEqual({ status: 'UP', checks: [[name, 'DEGRADED']] })
})

it.each<[string, Facts]>([
  ['Keycloak answers again', factsOf({}, { keycloak: { okAt: NOW, failedAt: NOW - 1 } })],
  ['it has only just started', factsOf({ startedAt: NOW - MINUTE }, { sync: NEVER_SYNCED })],
  ['a notice has only just come', factsOf({}, backlog({ notices: { count: 1, oldestAt: NOW - MINUTE } }))],
  ['an entry has only just come', factsOf({}, backlog({ unsealed: { count: 9, oldestAt: NOW - MINUTE } }))],
])('finds nothing wrong where %s (B16)', (_why, facts) => {
  expect(wrongOf(facts).checks).toEqual([])
})

it('names realms, times and numbers, and not what the worker said in words (R23)', () => {
  const problem = { reason: 'unreachable', message: 'Keycloak at https://inside:8443', since: NOW } as const
  const facts = factsOf({}, { sync: { ...NEVER_SYNCED, completedAt: NOW - MINUTE, problem } })
  const [check] = judge(facts).checks.filter(({ name }) => name === 'sync')
  expect(check).toEqual({
    name: 'sync',
    status: 'DEGRADED',
    data: {
      realm: 'demo',
      lastCompleted: new Date(NOW - MINUTE).toISOString(),
      problem: 'unreachable',
    },
  })
})

function backlog(change: Partial<NonNullable<RealmFacts['backlog']>>): Partial<RealmFacts> {
  return { backlog: { notices: { count: 0 }, unsealed: { count: 0 }, ...change } }
}
