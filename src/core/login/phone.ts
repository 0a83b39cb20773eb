import {
  ParseError,
  getCountryCallingCode,
  getExampleNumber,
  isSupportedCountry,
  parsePhoneNumberFromString,
  parsePhoneNumberWithError,
  validatePhoneNumberLength,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'
import type { DestinationError, TypedNumber } from '../method.ts'

/** Whether numbers have this ISO 3166 code; it has two letters, and not every two letters are one. */
export function isCountry(code: string): code is CountryCode {
  return isSupportedCountry(code)
}

/**
 * A typed number as E.164, or what is wrong with it: it must be a mobile number of a country that is allowed. A number
 * with its own country code counts as of that country, whatever was selected.
 */
export function readPhone(
  typed: TypedNumber,
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

/**
 * A whole number as E.164, in any usual way of writing it: `+31 6 …`, `0031 6 …`, or national in the country given.
 * Undefined where it is none.
 */
export function findPhone(text: string, country: string | undefined): string | undefined {
  const typed = text
    .replaceAll(/\p{Cf}/gu, '')
    .trim()
    .replace(/^\((\+\d+)\)/, '$1')
  if (!/^[+\d(][\d\s()./\p{Pd}]*$/u.test(typed)) return undefined
  // 00 leads abroad from most countries; where another prefix does, the country's own reading comes first.
  const found = [typed, typed.replace(/^00/, '+')]
    .map((one) => parsePhoneNumberFromString(one, country as CountryCode | undefined))
    .find((one) => one?.isValid() === true)
  return found?.number
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
