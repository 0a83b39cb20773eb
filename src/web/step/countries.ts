import { getCountryCallingCode } from 'libphonenumber-js/max'
import { isCountry } from '../../core/login/phone.ts'

/** The countries of a phone form, by their name in the page's language; a code that is none was once taken, and is left out. */
export function countriesOf(allowed: readonly string[], selected: string | undefined, locale: string) {
  const names = new Intl.DisplayNames([locale], { type: 'region' })
  const order = new Intl.Collator(locale)
  return allowed
    .filter(isCountry)
    .map((code) => ({
      code,
      name: names.of(code) ?? code,
      callingCode: getCountryCallingCode(code),
      current: code === selected,
    }))
    .toSorted((a, b) => order.compare(a.name, b.name))
}
