import { expect, it } from 'vitest'
import { readPhone } from '../../src/core/login/phone.ts'

it.each(['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf'])(
  'a country that is a name of every object is an error, not a throw: %s',
  (country) => {
    expect(readPhone({ country, phone: '0612345678' }, ['NL'])).toEqual({ ok: false, error: 'phone-country' })
  },
)
