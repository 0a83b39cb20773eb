import type { AccountView } from './account-view.ts'
import { bundleStyles } from './bundle.ts'
import { createPages } from './pages.ts'
import type { PagesOptions } from './pages.ts'
import type { Renderer } from './render.ts'

const required = [
  'account',
  'account-rename',
  'account-remove',
  'account-off',
  'account-refused',
] as const satisfies AccountView['page'][]

/**
 * Loads a theme's pages of signed-in users, whose files lie below `{base}/account`. Throws, naming the file, where a
 * template is missing or faulty.
 */
export function createAccountRenderer(options: PagesOptions): Renderer<AccountView> {
  const pages = createPages(options, 'account', required, (theme) => ({
    'style.css': { type: 'text/css; charset=utf-8', content: bundleStyles(theme) },
    'script.js': { type: 'text/javascript; charset=utf-8', content: theme.resource('js/script.js') },
  }))
  const { theme } = pages
  const assetUrls = (base: string): { style: string; script: string } => ({
    style: pages.assetUrl(`${base}/account`, 'style.css'),
    script: pages.assetUrl(`${base}/account`, 'script.js'),
  })
  return {
    locales: theme.locales,
    assetUrls,
    asset: (path) => pages.asset(path),
    text: (locale, key, args) => pages.text(locale, key, args),
    render(frame, view) {
      const method = 'method' in view ? view.method.kind : undefined
      const kind = view.page === 'account-refused' ? view.reason : method
      return pages.document(frame.locale, {
        frame,
        view,
        ...assetUrls(frame.base),
        dark: frame.darkMode && theme.darkMode,
        severalLocales: frame.locales.length > 1,
        titleKey: theme.texts(frame.locale).has(`${view.page}.${kind}.title`)
          ? `${view.page}.${kind}.title`
          : `${view.page}.title`,
      })
    },
  }
}
