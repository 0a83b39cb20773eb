import { describe, expect, it } from 'vitest'
import { numberLookup, numberLookups } from '../../src/core/number.ts'
import { needsPhone } from '../../src/core/policy/needs-phone.ts'
import { kitAt } from '../support/kit.ts'

const { registry } = kitAt()
const needed = (enforcement: 'required' | 'optional' | 'disabled', ...methods: string[]) =>
  needsPhone({ enforcement, methods }, registry)

describe('a user who is added needs a phone number (S6)', () => {
  it('where codes by text message are all that stands alone, backup codes or not', () => {
    expect(needed('required', 'sms')).toBe(true)
    expect(needed('optional', 'sms', 'backup-codes')).toBe(true)
  })

  it('not where another method would do, none does, or nobody asks', () => {
    expect(needed('required', 'sms', 'totp')).toBe(false)
    expect(needed('required', 'email', 'sms')).toBe(false)
    expect(needed('required')).toBe(false)
    expect(needed('required', 'backup-codes')).toBe(false)
    expect(needed('disabled', 'sms')).toBe(false)
  })
})

describe('what a number is found by', () => {
  const kit = kitAt()

  it('differs by number and realm, and has nothing of the number in it (R5)', () => {
    const one = numberLookup('demo', '+31612345678', kit)
    expect(one).toBe(numberLookup('demo', '+31612345678', kit))
    expect(one).toMatch(/^k1\.[\w-]{43}$/)
    expect(one).not.toBe(numberLookup('demo', '+31612345679', kit))
    expect(one).not.toBe(numberLookup('other', '+31612345678', kit))
    expect(one).not.toBe(
      numberLookup('demo', '+31612345678', kitAt(undefined, { mac: () => ({ keyId: 'k1', value: 'x' }) })),
    )
  })

  it('is looked for under every key, so that a rotation loses nobody', () => {
    const old = kitAt(undefined, {
      keyIds: ['new', 'old'],
      mac: (text, keyId = 'new') => ({ keyId, value: text.slice(-4) }),
    })
    expect(numberLookups('demo', '+31612345678', old).map((one) => one.split('.')[0])).toEqual(['new', 'old'])
  })
})
