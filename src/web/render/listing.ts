import { formatMessage, pluralKey } from './messages.ts'
import { loadTheme } from './theme.ts'

/** A method as a line in a list of Keycloak's. */
interface ListedMethod {
  kind: string
  /** The user's name for it. */
  label?: string
  /** Where its codes go, masked. */
  destination?: string
  /** Unused backup codes. */
  left?: number
}

/** Says what a method is, in a locale that Keycloak asks for; plain text that is not unique. */
export type ListingWriter = (method: ListedMethod, locale: string | undefined) => string

/** Loads the account theme's texts. Throws where the theme can't be read. */
export function createListingWriter({
  themesDir,
  theme: name,
}: {
  themesDir: string
  theme: string
}): ListingWriter {
  const theme = loadTheme(themesDir, name, 'account')
  return ({ kind, label, destination, left }, asked) => {
    const locale =
      theme.locales.find((tag) => tag === asked) ??
      theme.locales.find((tag) => tag === asked?.split('-', 1)[0]) ??
      theme.locales[0] ??
      'en'
    const texts = theme.texts(locale)
    const say = (key: string, args: (string | number)[]) => formatMessage(texts.get(key) ?? key, args, locale)
    const method = say(`listing.${kind}`, [])
    if (left !== undefined) return say(pluralKey(texts, 'listing.left', left, locale), [method, left])
    const called = label ?? destination
    return called === undefined ? method : say('listing.named', [method, called])
  }
}
