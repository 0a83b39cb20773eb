import Handlebars from 'handlebars'
import { assetOf, bundleStyles, type Asset } from './bundle.ts'
import {
  directionOf,
  formatMessage,
  inWords,
  pluralKey,
  type MessageArgument,
  type Texts,
} from './messages.ts'
import { loadTheme } from './theme.ts'
import type { Frame, View } from './view.ts'

/** Turns views into pages by one theme. Made once at start; everything it serves is in memory. */
export interface Renderer {
  /** The locales that the theme offers, the default first. */
  locales: readonly string[]
  /** The whole HTML document. */
  render(frame: Frame, view: View): string
  /**
   * One of the theme's texts, filled in, for what is not a page: plain text, nothing is escaped. A code is given as a
   * string, since numbers are written as the locale writes them.
   */
  text(locale: string, key: string, args: readonly MessageArgument[]): string
  /** What lies at `{base}/resources/{path}`, where `path` is `<hash>/style.css` or `<hash>/script.js`. */
  asset(path: string): Asset | undefined
  /** The addresses of the two files that every page asks for. */
  assetUrls(base: string): { style: string; script: string }
}

interface RendererOptions {
  themesDir: string
  theme: string
  /** What stands in for a text that no bundle has. Default: its key. */
  missingText?: (key: string, locale: string) => string
}

/** Handlebars calls a helper with the values in the template, then an object of its own. */
type Helper = (...args: (MessageArgument | undefined)[]) => string

const pureHelpers: Record<string, Helper> = {
  join: (...args) => args.slice(0, -1).join(''),
  eq: (left, right) => (left === right ? 'true' : ''),
}

const compileOptions = {
  knownHelpers: { join: true, eq: true, msg: true, wait: true, log: false, lookup: false, with: false },
  knownHelpersOnly: true,
  preventIndent: true,
}

const required = [
  'layout',
  'challenge-totp',
  'sent-code',
  'challenge-backup-codes',
  'select-method',
  'enrol-totp',
  'enrol-phone',
  'enrol-backup-codes',
  'backup-codes-low',
  'locked',
  'blocked',
  'expired',
  'other-browser',
  'finished',
  'error',
] as const satisfies (View['page'] | 'layout')[]

/**
 * Loads a theme and compiles its templates. Throws, naming the file, where a template is missing or faulty.
 *
 * Every value in a template is escaped (R24). Templates see own properties only, and no helpers but `if`,
 * `unless`, `each`, `msg`, `join`, `wait` and `eq`.
 */
export function createRenderer({
  themesDir,
  theme: name,
  missingText = (key) => key,
}: RendererOptions): Renderer {
  const theme = loadTheme(themesDir, name)
  const files = {
    'style.css': assetOf('text/css; charset=utf-8', bundleStyles(theme)),
    'script.js': assetOf('text/javascript; charset=utf-8', theme.resource('js/script.js')),
  }
  const engine = Handlebars.create()
  const missing = required.find((file) => !theme.templates.has(file))
  if (missing !== undefined) throw new Error(`The theme "${name}" has no template "${missing}"`)
  const templates = Object.fromEntries(
    [...theme.templates].map(([file, source]) => {
      try {
        // `compile` alone would wait for the first page to find a fault.
        engine.precompile(source, compileOptions)
      } catch (fault) {
        throw new Error(`The template "${file}" of the theme "${name}" is faulty`, { cause: fault })
      }
      return [file, engine.compile(source, compileOptions)]
    }),
  )

  const document: HandlebarsTemplateDelegate = engine.compile('{{> layout}}', compileOptions)

  const textOf = (texts: Texts, locale: string, key: string, args: readonly MessageArgument[]): string => {
    const pattern = texts.get(pluralKey(texts, key, args[0], locale))
    return pattern === undefined ? missingText(key, locale) : formatMessage(pattern, args, locale)
  }
  const helpersFor = (texts: Texts, locale: string): Record<string, Helper> => ({
    ...pureHelpers,
    msg: (key, ...rest) =>
      textOf(
        texts,
        locale,
        String(key),
        rest.slice(0, -1).map((arg) => arg ?? ''),
      ),
    wait: (seconds) => inWords(Number(seconds), locale),
  })
  const assetUrls = (base: string): { style: string; script: string } => ({
    style: `${base}/resources/${files['style.css'].hash}/style.css`,
    script: `${base}/resources/${files['script.js'].hash}/script.js`,
  })

  return {
    locales: theme.locales,
    assetUrls,
    asset(path) {
      const [hash, file] = path.split('/')
      if (file !== 'style.css' && file !== 'script.js') return undefined
      const { hash: current, ...asset } = files[file]
      return { ...asset, immutable: hash === current }
    },
    text: (locale, key, args) => textOf(theme.texts(locale), locale, key, args),
    render(frame, view) {
      const { locale } = frame
      const texts = theme.texts(locale)
      const error = 'error' in view ? view.error : undefined
      const variant = 'purpose' in view ? view.purpose : 'reason' in view ? view.reason : undefined
      const context = {
        frame,
        view,
        ...assetUrls(frame.base),
        dir: directionOf(locale),
        dark: frame.darkMode && theme.darkMode,
        severalLocales: frame.locales.length > 1,
        titleKey: firstOf(texts, `${view.page}.${variant}.title`, `${view.page}.title`),
        wrong: error !== undefined || ('sendError' in view && view.sendError !== undefined),
        // A page may word an error in its own way.
        error: error && firstOf(texts, `${view.page}.error.${error}`, `error.${error}`),
      }
      return document(context, { partials: templates, helpers: helpersFor(texts, locale) })
    },
  }
}

const firstOf = (texts: Texts, special: string, general: string): string =>
  texts.has(special) ? special : general
