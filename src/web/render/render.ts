import { bundleStyles } from './bundle.ts'
import type { Asset } from './bundle.ts'
import type { MessageArgument, Texts } from './messages.ts'
import { createPages } from './pages.ts'
import type { PagesOptions } from './pages.ts'
import type { Frame, View } from './view.ts'

/** Turns views into pages by one theme. Made once at start; everything it serves is in memory. */
export interface Renderer<V = View> {
  /** The locales that the theme offers, the default first. */
  locales: readonly string[]
  /** The whole HTML document. */
  render(frame: Frame, view: V): string
  /**
   * One of the theme's texts, filled in, for what is not a page: plain text, nothing is escaped. A code is given as a
   * string, since numbers are written as the locale writes them.
   */
  text(locale: string, key: string, args: readonly MessageArgument[]): string
  /** What lies at `{base}/resources/{path}`, where `path` is `<hash>/style.css`, `<hash>/script.js` or `<hash>/passkey.js`. */
  asset(path: string): Asset | undefined
  /** The addresses of the two files that every page asks for. */
  assetUrls(base: string): { style: string; script: string }
}

const required = [
  'challenge-totp',
  'challenge-passkey',
  'sent-code',
  'challenge-backup-codes',
  'challenge-help-desk',
  'select-method',
  'enrol-totp',
  'enrol-passkey',
  'enrol-phone',
  'enrol-backup-codes',
  'backup-codes-low',
  'link-sent',
  'link',
  'link-done',
  'link-refused',
  'countdown',
  'locked',
  'blocked',
  'expired',
  'other-browser',
  'finished',
  'error',
] as const satisfies View['page'][]

/** Loads a theme's login pages. Throws, naming the file, where a template is missing or faulty. */
export function createRenderer(options: PagesOptions): Renderer {
  const pages = createPages(options, 'login', required, (theme) => ({
    'style.css': { type: 'text/css; charset=utf-8', content: bundleStyles(theme) },
    'script.js': { type: 'text/javascript; charset=utf-8', content: theme.resource('js/script.js') },
    'passkey.js': { type: 'text/javascript; charset=utf-8', content: theme.resource('js/passkey.js') },
  }))
  const { theme, asset, text } = pages
  const assetUrls = (base: string): { style: string; script: string } => ({
    style: pages.assetUrl(base, 'style.css'),
    script: pages.assetUrl(base, 'script.js'),
  })

  return {
    locales: theme.locales,
    assetUrls,
    asset,
    text,
    render(frame, view) {
      const { locale } = frame
      const texts = theme.texts(locale)
      const error = 'error' in view ? view.error : undefined
      const variant = 'purpose' in view ? view.purpose : 'reason' in view ? view.reason : undefined
      return pages.document(locale, {
        frame,
        view,
        ...assetUrls(frame.base),
        passkeyScript: pages.assetUrl(frame.base, 'passkey.js'),
        dark: frame.darkMode && theme.darkMode,
        severalLocales: frame.locales.length > 1,
        titleKey: firstOf(
          texts,
          ...(frame.own === true ? [`${view.page}.${variant}.own.title`, `${view.page}.own.title`] : []),
          ...('by' in view ? [`${view.page}.${variant}.${view.by}.title`] : []),
          `${view.page}.${variant}.title`,
          `${view.page}.title`,
        ),
        wrong: error !== undefined || ('sendError' in view && view.sendError !== undefined),
        // A page may word an error in its own way.
        error: error && firstOf(texts, `${view.page}.error.${error}`, `error.${error}`),
      })
    },
  }
}

/** The first of these keys that has a text, else the last. */
const firstOf = (texts: Texts, ...keys: string[]): string =>
  keys.find((key) => texts.has(key)) ?? keys.at(-1) ?? ''
