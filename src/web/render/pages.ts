import Handlebars from 'handlebars'
import { assetOf } from './bundle.ts'
import type { Asset } from './bundle.ts'
import { dateInWords, directionOf, formatMessage, inWords, pluralKey } from './messages.ts'
import type { MessageArgument, Texts } from './messages.ts'
import { loadTheme } from './theme.ts'
import type { Theme, ThemeType } from './theme.ts'

export interface PagesOptions {
  themesDir: string
  theme: string
  /** What stands in for a text that no bundle has. Default: its key. */
  missingText?: (key: string, locale: string) => string
}

/** One type of a theme's pages, compiled; everything it serves is in memory. */
export interface Pages {
  theme: Theme
  /** The whole HTML document: the template `layout`, which sees the context and the direction of the locale as `dir`. */
  document(locale: string, context: object): string
  /** One of the theme's texts, filled in: plain text, nothing is escaped. */
  text: (locale: string, key: string, args: readonly MessageArgument[]) => string
  /** A file of `files` by `<hash>/<name>`. */
  asset: (path: string) => Asset | undefined
  /** The address of a file of `files` below a realm's path. */
  assetUrl(base: string, name: string): string
}

/** Handlebars calls a helper with the values in the template, then an object of its own. */
type Helper = (...args: (MessageArgument | undefined)[]) => string

const pureHelpers: Record<string, Helper> = {
  join: (...args) => args.slice(0, -1).join(''),
  iso: (at) => new Date(Number(at)).toISOString(),
  eq: (left, right) => (left === right ? 'true' : ''),
}

const compileOptions = {
  knownHelpers: {
    join: true,
    eq: true,
    msg: true,
    term: true,
    wait: true,
    date: true,
    iso: true,
    log: false,
    lookup: false,
    with: false,
  },
  knownHelpersOnly: true,
  preventIndent: true,
}

declare global {
  namespace Handlebars {
    /** The first half of `precompile`, missing in the library's types. */
    class Compiler {
      /** @throws Error where a helper is not known */
      compile(program: hbs.AST.Program, options: object): unknown
    }
  }
}

/** Templates without a fault: those of the login pages lie below every other type as well, and are looked at once. */
const sound = new Set<string>()

/** Finds at the start what `compile` would find at the first page, and leaves the code to that page. */
function check(source: string): void {
  if (sound.has(source)) return
  new Handlebars.Compiler().compile(Handlebars.parse(source), { ...compileOptions })
  sound.add(source)
}

/**
 * Loads one type of a theme and compiles its templates. Throws, naming the file, where a template is missing or faulty.
 *
 * Every value in a template is escaped (R24). Templates see own properties only, and no helpers but `if`, `unless`,
 * `each`, `msg`, `term`, `join`, `wait`, `date`, `iso` and `eq`. `term prefix id` is the text of `prefix.id`, and the id itself where
 * no bundle knows it.
 *
 * @param required the templates that must be there, besides `layout`
 * @param filesOf what the pages ask for, by name: a media type and a content
 */
export function createPages(
  { themesDir, theme: name, missingText = (key) => key }: PagesOptions,
  type: ThemeType,
  required: readonly string[],
  filesOf: (theme: Theme) => Record<string, { type: string; content: string | Buffer }>,
): Pages {
  const theme = loadTheme(themesDir, name, type)
  const files = new Map(
    Object.entries(filesOf(theme)).map(([file, one]) => [file, assetOf(one.type, one.content)]),
  )
  const missing = ['layout', ...required].find((file) => !theme.templates.has(file))
  if (missing !== undefined) throw new Error(`The theme "${name}" has no template "${missing}"`)
  const engine = Handlebars.create()
  const partials = Object.fromEntries(
    [...theme.templates].map(([file, source]) => {
      try {
        check(source)
      } catch (fault) {
        throw new Error(`The template "${file}" of the theme "${name}" is faulty`, { cause: fault })
      }
      return [file, engine.compile(source, compileOptions)]
    }),
  )
  const layout: HandlebarsTemplateDelegate = engine.compile('{{> layout}}', compileOptions)

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
    term: (prefix, id) => {
      const key = `${prefix}.${id}`
      return texts.has(key) ? textOf(texts, locale, key, []) : String(id)
    },
    wait: (seconds) => inWords(Number(seconds), locale),
    date: (at) => dateInWords(Number(at), locale),
  })

  return {
    theme,
    document(locale, context) {
      const helpers = helpersFor(theme.texts(locale), locale)
      return layout({ ...context, dir: directionOf(locale) }, { partials, helpers })
    },
    text: (locale, key, args) => textOf(theme.texts(locale), locale, key, args),
    asset(path) {
      const [hash, file = ''] = path.split('/')
      const found = files.get(file)
      if (found === undefined) return undefined
      const { hash: current, ...asset } = found
      return { ...asset, immutable: hash === current }
    },
    assetUrl: (base, file) => `${base}/resources/${files.get(file)?.hash}/${file}`,
  }
}
