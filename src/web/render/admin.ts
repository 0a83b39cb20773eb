import type { AdminFrame, AdminView } from './admin-view.ts'
import { bundleStyles } from './bundle.ts'
import type { Asset } from './bundle.ts'
import type { MessageArgument } from './messages.ts'
import { createPages } from './pages.ts'
import type { PagesOptions } from './pages.ts'

/** Turns views into the administrator's pages by one theme. Made once at start; everything it serves is in memory. */
export interface AdminRenderer {
  /** The locales that the theme offers, the default first. */
  locales: readonly string[]
  /** The whole HTML document. */
  render(frame: AdminFrame, view: AdminView): string
  /** One of the theme's texts, filled in: plain text, nothing is escaped. */
  text(locale: string, key: string, args: readonly MessageArgument[]): string
  /** The theme's text of this key; undefined where no bundle has one. */
  known(locale: string, key: string): string | undefined
  /** What lies at `{base}/admin/resources/{path}`, where `path` is `<hash>/style.css` or `<hash>/script.js`. */
  asset(path: string): Asset | undefined
}

const required = [
  'overview',
  'users',
  'user',
  'new-user',
  'bypass',
  'bypass-given',
  'confirm',
  'preview',
  'conflict',
  'rules',
  'rule-group',
  'rule',
  'settings',
  'secret',
  'test',
  'audit',
  'sync',
  'refused',
] as const satisfies AdminView['page'][]

/**
 * Loads a theme's administrator's pages, whose files lie below `{base}/admin`. Throws, naming the file, where a template
 * is missing or faulty.
 */
export function createAdminRenderer(options: PagesOptions): AdminRenderer {
  const pages = createPages(options, 'admin', required, (theme) => ({
    'style.css': { type: 'text/css; charset=utf-8', content: bundleStyles(theme) },
    'script.js': { type: 'text/javascript; charset=utf-8', content: theme.resource('js/script.js') },
  }))
  const { theme, text, asset } = pages
  return {
    locales: theme.locales,
    text,
    known: (locale, key) => theme.texts(locale).get(key),
    asset,
    render(frame, view) {
      const { locale } = frame
      const texts = theme.texts(locale)
      const kind = 'act' in view ? view.act : 'about' in view ? view.about : undefined
      const home = `${frame.base}/admin`
      return pages.document(locale, {
        frame,
        view,
        style: pages.assetUrl(home, 'style.css'),
        script: pages.assetUrl(home, 'script.js'),
        dark: theme.darkMode,
        severalLocales: frame.locales.length > 1,
        titleKey: texts.has(`${view.page}.${kind}.title`)
          ? `${view.page}.${kind}.title`
          : `${view.page}.title`,
        wrong: 'wrong' in view || view.page === 'refused',
      })
    },
  }
}
