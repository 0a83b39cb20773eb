/** Makes once for each locale what depends on nothing else: an Intl object takes longer to make than most of a page. */
export function perLocale<T>(make: (locale: string) => T): (locale: string) => T {
  const made = new Map<string, T>()
  return (locale) => {
    const known = made.get(locale)
    if (known !== undefined) return known
    const one = make(locale)
    made.set(locale, one)
    return one
  }
}

/** What a language calls itself. */
export const languageName = perLocale(
  (tag) => new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag,
)
