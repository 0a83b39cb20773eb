import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createAdminStore } from '../../src/adapters/store/admin-store.ts'
import { createAuditStore } from '../../src/adapters/store/audit-store.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { readPolicy, setPolicy } from '../../src/cli/policy.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'

const refused = (policy: unknown) => () => readPolicy(JSON.stringify(policy))

describe("a realm's policy from a file", () => {
  it("is taken as the trial's is written", () => {
    const policy = readPolicy(readFileSync('provider-config/realm/demo-policy.json', 'utf8'))
    expect(policy.settings).toMatchObject({
      enforcement: 'optional',
      methods: ['totp', 'sms', 'backup-codes'],
    })
    // What groups mean stands in their attributes in Keycloak.
    expect(policy.rules).toEqual([])
  })

  it('is refused with what is wrong and where', () => {
    expect(refused({ settings: { maxFailures: 0 } })).toThrow(/settings\.maxFailures/)
    expect(refused({ settings: { enforcment: 'required' } })).toThrow(/enforcment/)
    expect(refused({ rules: [{ group: 'g', enforcement: 'maybe' }] })).toThrow(/rules\.0\.enforcement/)
    expect(refused({ rules: [{ group: 'g', enforcement: 'required', methods: ['backup-codes'] }] })).toThrow(
      /rules\.0\.methods: must have one beside backup codes/,
    )
    expect(refused({ settings: { methods: ['telepathy'] } })).toThrow(/settings\.methods/)
  })

  it('takes the place of the whole policy before it', async () => {
    const { url } = sqlitePlace()
    const rule = { group: 'g-1', enforcement: 'required' }
    await setPolicy(url, 'demo', readPolicy(JSON.stringify({ rules: [rule, { ...rule, group: 'g-2' }] })))
    const said = await setPolicy(
      url,
      'demo',
      readPolicy(
        JSON.stringify({ settings: { enforcement: 'required' }, rules: [{ ...rule, group: 'g-2' }] }),
      ),
    )
    expect(said).toBe(
      'Realm demo: required for everybody, another rule for one group; allowed: totp, backup-codes.',
    )
    const database = await openDatabase(url)
    const found = await createLoginStore(database, createSealer([newKey()])).background(
      'demo',
      'user',
      'nonce',
    )
    await database.close()
    expect(found.settings.enforcement).toBe('required')
    expect(found.rules.map(({ groupId }) => groupId)).toEqual(['g-2'])
  })

  it('takes grace, and writes down nothing that the file leaves to its default', () => {
    const rule = { group: 'g-1', enforcement: 'required', grace: { days: 14 } }
    expect(readPolicy(JSON.stringify({ settings: { maxFailures: 3 }, rules: [rule] }))).toEqual({
      settings: { maxFailures: 3 },
      rules: [{ groupId: 'g-1', enforcement: 'required', priority: 0, grace: { days: 14 } }],
    })
    expect(refused({ rules: [{ ...rule, grace: { days: 0 } }] })).toThrow(/rules\.0\.grace/)
    expect(refused({ rules: [{ ...rule, groupId: 'g-2' }] })).toThrow(/rules\.0: .*groupId/)
  })

  it('stands in the audit with what changed, and not where nothing did', async () => {
    const { url } = sqlitePlace()
    const policy = readPolicy(
      JSON.stringify({
        settings: { maxFailures: 3 },
        rules: [{ group: 'g-1', enforcement: 'required' }],
      }),
    )
    await setPolicy(url, 'demo', policy)
    await setPolicy(url, 'demo', policy)
    const database = await openDatabase(url)
    const { entries } = await createAuditStore(database).list('demo', {}, { max: 10 })
    expect(entries.map(({ event, actor }) => `${actor} ${event}`).toSorted()).toEqual([
      'latchkey:command-line rule.saved',
      'latchkey:command-line settings.changed',
    ])
    expect(entries.find(({ event }) => event === 'settings.changed')?.detail).toEqual({
      version: 1,
      changes: { maxFailures: { from: 5, to: 3 } },
    })
    const kept = { groupId: 'g-1', enforcement: 'disabled' as const, priority: 0 }
    await createAdminStore(database, { companions: new Set(), clock: Date.now }).commit({
      realm: 'demo',
      saveRules: [{ rule: kept, origin: 'attribute', version: entries[0]?.at }],
      audit: [],
    })
    await database.close()
    await expect(setPolicy(url, 'demo', policy)).rejects.toThrow(/g-1 is kept in Keycloak/)
  })
})
