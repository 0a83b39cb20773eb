import { perLocale } from './per-locale.ts'

/** The sentences of one locale, by key. */
export type Texts = ReadonlyMap<string, string>

/** What a message may be given for its placeholders. */
export type MessageArgument = string | number

const numbersIn = perLocale((locale) => new Intl.NumberFormat(locale))
const pluralsIn = perLocale((locale) => new Intl.PluralRules(locale))

/**
 * Fills in a message pattern: the part of Java's MessageFormat that Keycloak's bundles use. `{0}` is the first
 * argument (numbers are written as the locale writes them), `''` is an apostrophe, and text between two
 * apostrophes is taken as it is. Anything else between braces stays as written, and so does a placeholder
 * without an argument. The result is plain text: whoever puts it into HTML escapes it.
 */
export function formatMessage(pattern: string, args: readonly MessageArgument[], locale: string): string {
  let quoted = false
  return pattern.replace(/''|'|\{(\d+)\}/g, (match, index?: string) => {
    if (match === "''") return "'"
    if (match === "'") {
      quoted = !quoted
      return ''
    }
    const arg = index === undefined ? undefined : args[Number(index)]
    if (quoted || arg === undefined) return match
    return typeof arg === 'number' ? numbersIn(locale).format(arg) : arg
  })
}

/**
 * Picks the key that fits a count: `key.zero` for none where there is one, else `key.one`, `key.few`, … as the
 * plural rules of the locale say, else `key.other`; the key itself where it has no plural forms.
 */
export function pluralKey(
  texts: Texts,
  key: string,
  count: MessageArgument | undefined,
  locale: string,
): string {
  if (typeof count !== 'number' || !texts.has(`${key}.other`)) return key
  if (count === 0 && texts.has(`${key}.zero`)) return `${key}.zero`
  const form = `${key}.${pluralsIn(locale).select(count)}`
  return texts.has(form) ? form : `${key}.other`
}

/** How long to wait, in words and rounded up: "in 45 seconds", "in 2 minutes", "in 3 hours". */
export function inWords(seconds: number, locale: string): string {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'always' })
  const left = Math.max(1, Math.ceil(seconds))
  if (left <= 90) return words.format(left, 'second')
  if (left <= 90 * 60) return words.format(Math.ceil(left / 60), 'minute')
  if (left <= 48 * 3600) return words.format(Math.ceil(left / 3600), 'hour')
  return words.format(Math.ceil(left / 86_400), 'day')
}

/** A moment for people: "24 Nov 2026, 17:30 UTC". The page's script puts it into the reader's own time. */
export function dateInWords(at: number, locale: string): string {
  const words = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return `${words.format(at)} UTC`
}

const rightToLeft = new Set(['ar', 'ckb', 'dv', 'fa', 'he', 'ku', 'ps', 'sd', 'ug', 'ur', 'yi'])

/** The direction a locale is written in, for the `dir` attribute. */
export function directionOf(locale: string): 'ltr' | 'rtl' {
  return rightToLeft.has(locale.split('-')[0] ?? '') ? 'rtl' : 'ltr'
}
