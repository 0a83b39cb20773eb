import { parsePhoneNumberWithError, ParseError } from 'libphonenumber-js/max'
import type { CountryCode } from 'libphonenumber-js/max'
import type { DestinationError } from '../../core/method.ts'

/**
 * A typed number as E.164, or what is wrong with it: it must be a mobile number of a country that is allowed. A number
 * with its own country code counts as of that country, whatever was selected.
 */
export function readPhone(
  typed: { country: string; phone: string },
  allowed: readonly string[],
): { ok: true; phone: string } | { ok: false; error: DestinationError } {
  if (typed.phone.trim() === '') return { ok: false, error: 'phone-missing' }
  try {
    const number = parsePhoneNumberWithError(typed.phone, typed.country as CountryCode)
    if (number.country === undefined || !allowed.includes(number.country)) {
      return { ok: false, error: number.isPossible() ? 'phone-country' : 'phone-malformed' }
    }
    if (!number.isValid()) return { ok: false, error: 'phone-malformed' }
    const type = number.getType()
    if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') return { ok: false, error: 'phone-not-mobile' }
    return { ok: true, phone: number.number }
  } catch (error) {
    return { ok: false, error: error instanceof ParseError ? errorOf(error.message) : 'phone-malformed' }
  }
}

/** The number as it may be shown: its country and its last two digits (R23). */
export function maskPhone(phone: string): string {
  const { countryCallingCode } = parsePhoneNumberWithError(phone)
  return `+${countryCallingCode} ••• ••${phone.slice(-2)}`
}

function errorOf(reason: string): DestinationError {
  switch (reason) {
    case 'TOO_SHORT':
      return 'phone-too-short'
    case 'TOO_LONG':
      return 'phone-too-long'
    case 'INVALID_COUNTRY':
      return 'phone-country'
    default:
      return 'phone-malformed'
  }
}
