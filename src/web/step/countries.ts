import { getCountryCallingCode } from 'libphonenumber-js/max'
import type { CountryCode } from 'libphonenumber-js/max'

/** The countries of a phone form, by their name in the page's language. */
export function countriesOf(allowed: readonly string[], selected: string | undefined, locale: string) {
  const names = new Intl.DisplayNames([locale], { type: 'region' })
  const order = new Intl.Collator(locale)
  return allowed
    .map((code) => ({
      code,
      name: names.of(code) ?? code,
      callingCode: getCountryCallingCode(code as CountryCode),
      current: code === selected,
    }))
    .toSorted((a, b) => order.compare(a.name, b.name))
}
