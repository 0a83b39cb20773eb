import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/adapters/keycloak/doctor/check.ts'
import { syncCheck } from '../../src/adapters/keycloak/doctor/sync-check.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import type { SyncState } from '../../src/core/sync/sync.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000

function look(state: Partial<SyncState> | undefined) {
  const sync = new Map(state === undefined ? [] : [['acme', { ...NEVER_SYNCED, ...state }]])
  return lookAt(sync)
}

function lookAt(sync: ReadonlyMap<string, SyncState> | undefined) {
  const realm = { name: 'acme', issuer: 'https://mfa.example.com/realms/acme' }
  const store = { pending: [], lost: [], ...(sync === undefined ? {} : { sync }) }
  return syncCheck.run({ realm, store, now: NOW } as unknown as Facts)
}

const fresh = { completedAt: NOW - MINUTE }

describe('doctor, of the worker', () => {
  it('says nothing while passes go through, nor where the database has no place for it yet', () => {
    expect(look(fresh)).toEqual([])
    expect(look({ completedAt: NOW - 60 * MINUTE })).toEqual([])
    expect(lookAt(undefined)).toEqual([])
  })

  it.each([undefined, {}, { failures: 3 }])('faults a realm that was never read: %j', (state) => {
    expect(look(state)).toMatchObject([{ level: 'fault', what: expect.stringContaining('has not yet read') }])
  })

  it('warns of a pass that is older than an hour, and says how old', () => {
    expect(look({ completedAt: NOW - 61 * MINUTE })).toMatchObject([
      { level: 'warning', what: 'The worker last read all users and groups 61 minutes ago.' },
    ])
    expect(look({ completedAt: NOW - 50 * 60 * MINUTE })[0]?.what).toContain('50 hours ago')
  })

  it.each([
    ['refused', 'latchkey setup'],
    ['unreachable', 'LATCHKEY_KEYCLOAK_BACKCHANNEL_URL'],
    ['empty', 'user federation'],
    ['failed', 'log'],
  ] as const)('tells the problem %s at once, when it tries again, and what mends it', (reason, mend) => {
    const problem = { reason, message: 'that is what it is', since: NOW - MINUTE }
    const [fault, ...more] = look({ ...fresh, problem, retryAt: NOW + 5 * MINUTE })
    expect(more).toEqual([])
    expect(fault).toMatchObject({ level: 'warning', mend: expect.stringContaining(mend) })
    expect(fault?.what).toContain('a minute ago. It says: that is what it is. It tries again in 5 minutes.')
    expect(look({ problem })[0]).toMatchObject({
      level: 'fault',
      what: expect.stringContaining(problem.message),
    })
  })

  it('tells what a pass would drop, and how to let it', () => {
    const rules = [
      { groupId: 'g', path: '/finance' },
      { groupId: 'h', path: '/field' },
    ]
    const [fault, ...more] = look({ ...fresh, asks: { pass: 7, users: 1200, rules } })
    expect(more).toEqual([])
    expect(fault?.level).toBe('warning')
    expect(fault?.what).toContain('1200 users and the rules of /finance, /field')
    expect(fault?.mend).toContain('POST {"confirm": 7} to https://mfa.example.com/realms/acme/api/v1/sync')
    expect(look({ ...fresh, asks: { pass: 7, users: 1, rules: [] } })[0]?.what).toContain('one user in')
  })

  it('tells each attribute that says nothing usable', () => {
    const warning = {
      groupId: 'g',
      path: '/field',
      attribute: 'tfa.methods',
      value: 'smss',
      message: 'is no method',
    }
    expect(look({ ...fresh, warnings: [warning, warning] })).toHaveLength(2)
    expect(look({ ...fresh, warnings: [warning] })).toMatchObject([
      {
        level: 'warning',
        what: 'The group /field has tfa.methods = "smss" in Keycloak: is no method.',
        mend: expect.stringContaining('Groups → /field'),
      },
    ])
  })
})
