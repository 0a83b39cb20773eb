import { describe, expect, it } from 'vitest'
import { consoleProtection, followDeletion } from '../../src/core/administration/console.ts'
import { deletedThere, listingOf } from '../../src/core/login/listing.ts'
import { registry } from '../../src/methods/index.ts'

const credential = (id: string, method = 'totp') => ({
  id,
  method,
  label: undefined,
  version: 1,
  failures: 0,
  data: {},
})
const [a, b, c] = [credential('a'), credential('b'), credential('c', 'backup-codes')]

describe('what Keycloak is to list', () => {
  it('is told once: the same object as long as the methods are the same', () => {
    const told = listingOf([a, c], undefined, { now: 100 })
    expect(told).toEqual({ version: 100, since: { a: 100, c: 100 } })
    expect(listingOf([c, a], told, { now: 200 })).toBe(told)
    expect(listingOf([], undefined, { now: 200 })).toBeUndefined()
  })

  it('keeps since when each was told, and its version never comes again', () => {
    const told = listingOf([a], undefined, { now: 100 })
    expect(listingOf([a, b], told, { now: 90 })).toEqual({ version: 101, since: { a: 100, b: 101 } })
    expect(listingOf([], told, { now: 200 })).toEqual({ version: 200, since: {} })
    // A database of ours that was restored from a backup knows less than Keycloak.
    const listed = { ids: ['a'], version: 900 }
    expect(listingOf([a, b], told, { listed, now: 200 })).toEqual({ version: 901, since: { a: 100, b: 901 } })
  })

  it('tells again what was deleted there against R28', () => {
    const told = { version: 100, since: { a: 50, c: 100 } }
    expect(listingOf([a, c], told, { again: ['a'], now: 10 })).toEqual({
      version: 101,
      since: { a: 101, c: 100 },
    })
  })
})

describe('a method that Keycloak does not list (R32)', () => {
  const told = { version: 100, since: { a: 50, b: 100, c: 50 } }

  it('was deleted there where what is left proves that it had been written', () => {
    expect(deletedThere([a, b, c], told, { ids: ['b', 'c'], version: 100 })).toEqual([a])
    expect(deletedThere([a, b, c], told, { ids: ['a', 'b', 'c'], version: 100 })).toEqual([])
  })

  it('was not deleted where Keycloak has an older telling: its database was restored, or could not be written', () => {
    expect(deletedThere([a, b, c], told, { ids: ['a', 'c'], version: 99 })).toEqual([])
    expect(deletedThere([a, b, c], told, { ids: ['c'], version: 50 })).toEqual([a])
  })

  it('was not deleted where nothing is left at all, or nothing was ever told', () => {
    expect(deletedThere([a, b, c], told, { ids: [], version: undefined })).toEqual([])
    expect(deletedThere([a, b, c], undefined, { ids: ['c'], version: 100 })).toEqual([])
    expect(deletedThere([credential('new')], told, { ids: ['a'], version: 100 })).toEqual([])
  })
})

describe('a deletion in Keycloak’s console', () => {
  const target = { id: 'u', live: [], told: [] }

  it('is not followed for who administers, or may (R28)', () => {
    expect(consoleProtection(target)).toBeUndefined()
    expect(consoleProtection({ ...target, live: ['tfa-auditor'] })).toBe('protected-account')
    expect(consoleProtection({ ...target, told: ['administers'] })).toBe('protected-account')
    expect(consoleProtection({ ...target, told: undefined })).toBe('roles-unknown')
  })

  it('takes the backup codes along where nothing else is left (S18)', () => {
    const deletion = { realm: 'demo', userId: 'u', at: 7 }
    const alone = followDeletion({ ...deletion, methods: [a, c], deleted: [a] }, registry)
    expect(alone.ids).toEqual(['a', 'c'])
    expect(alone.audit).toEqual([
      {
        event: 'method.revoked',
        realm: 'demo',
        userId: 'u',
        actor: 'keycloak:console',
        at: 7,
        detail: { id: 'a', method: 'totp', alongWith: [{ id: 'c', method: 'backup-codes' }] },
      },
    ])
    expect(followDeletion({ ...deletion, methods: [a, b, c], deleted: [a] }, registry).ids).toEqual(['a'])
    expect(followDeletion({ ...deletion, methods: [a, b, c], deleted: [a, b] }, registry).audit).toHaveLength(
      2,
    )
  })
})
