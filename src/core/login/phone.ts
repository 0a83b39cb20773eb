import {
  ParseError,
  getCountryCallingCode,
  getExampleNumber,
  parsePhoneNumberWithError,
  validatePhoneNumberLength,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'
import type { DestinationError } from '../method.ts'

/**
 * A typed number as E.164, or what is wrong with it: it must be a mobile number of a country that is allowed. A number
 * with its own country code counts as of that country, whatever was selected.
 */
export function readPhone(
  typed: { country: string; phone: string },
  allowed: readonly string[],
): { ok: true; phone: string } | { ok: false; error: DestinationError } {
  // Pasted numbers come with spaces and marks of direction around them.
  const phone = typed.phone.replaceAll(/\p{Cf}/gu, '').trim()
  if (phone === '') return { ok: false, error: 'phone-missing' }
  const country = allowed.find((code) => code === typed.country) as CountryCode | undefined
  try {
    const length = validatePhoneNumberLength(phone, country)
    if (length !== undefined) return { ok: false, error: errorOf(length) }
    const number = parsePhoneNumberWithError(phone, country)
    if (!number.isValid()) return { ok: false, error: lengthError(number, country) }
    if (number.country === undefined || !allowed.includes(number.country)) {
      return { ok: false, error: 'phone-country' }
    }
    const type = number.getType()
    if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') return { ok: false, error: 'phone-not-mobile' }
    return { ok: true, phone: number.number }
  } catch (error) {
    return { ok: false, error: error instanceof ParseError ? errorOf(error.message) : 'phone-malformed' }
  }
}

/** Too short or too long beside what a mobile number of the country looks like: more help than "malformed". */
function lengthError(
  { nationalNumber, countryCallingCode }: PhoneNumber,
  country: CountryCode | undefined,
): DestinationError {
  if (country === undefined || getCountryCallingCode(country) !== countryCallingCode) return 'phone-malformed'
  const usual = getExampleNumber(country, examples)?.nationalNumber.length ?? nationalNumber.length
  if (nationalNumber.length === usual) return 'phone-malformed'
  return nationalNumber.length < usual ? 'phone-too-short' : 'phone-too-long'
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
