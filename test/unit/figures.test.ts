import { describe, expect, it } from 'vitest'
import { dayOf, figuresOf } from '../../src/core/audit/figures.ts'

describe('what an entry of the audit counts as', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['challenge.succeeded', { method: 'totp' }, ['verified.totp']],
    ['challenge.succeeded', { method: 'sms' }, ['verified.sms', 'sms-verified']],
    ['challenge.failed', { method: 'totp' }, ['failed']],
    ['enrolment.succeeded', { method: 'backup-codes' }, ['enrolments']],
    ['enrolment.succeeded', { method: 'sms' }, ['enrolments', 'sms-verified']],
    ['enrolment.failed', { method: 'sms' }, ['failed']],
    ['lockout.started', {}, ['locked']],
    ['decision.not-needed', {}, ['not-needed']],
    ['decision.needed', {}, []],
    ['code.sent', { channel: 'sms' }, ['sms-sent']],
    ['code.sent', { channel: 'email' }, []],
    ['notice.texted', {}, ['sms-sent']],
    ['sms.tested', { result: 'failed' }, ['sms-sent']],
    ['settings.changed', {}, []],
    ['of.tomorrow', {}, []],
  ])('%s %j: %j', (event, detail, names) => {
    expect(figuresOf(event, detail)).toEqual(names)
  })

  it.each([undefined, 7, '', 'a b', "x'; --", 'x'.repeat(33), '__proto__'])(
    'takes no name of a method from an entry that has none: %j',
    (method) => {
      expect(figuresOf('challenge.succeeded', { method })).toEqual(['verified.other'])
    },
  )

  it('has days of UTC', () => {
    expect(dayOf(Date.parse('2027-01-31T23:59:59.999Z'))).toBe('2027-01-31')
    expect(dayOf(Date.parse('2027-02-01T00:00:00+01:00'))).toBe('2027-01-31')
  })
})
