import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, normalize, sep } from 'node:path'
import { getProperties } from 'properties-file'
import type { Texts } from './messages.ts'

/** A theme with everything it takes from its parents already filled in. */
export interface Theme {
  name: string
  locales: readonly string[]
  darkMode: boolean
  /** The source of each template by name, for example `layout` or `challenge-totp`. */
  templates: ReadonlyMap<string, string>
  /** Paths below `resources`, the parents' first. */
  styles: readonly string[]
  /** The texts of one locale; gaps are filled from the language without its region, then from English. */
  texts(locale: string): Texts
  /** The nearest theme's file below `resources`. Throws where no theme of the chain has it. */
  resource(path: string): Buffer
}

interface Layer {
  dir: string
  properties: Record<string, string>
}

/** The kinds of pages and messages that a theme has, as folders; those of Keycloak's themes. */
export type ThemeType = 'login' | 'account' | 'admin' | 'email'

/**
 * Loads `<themesDir>/<name>/<type>` and its parents. A child replaces single templates, messages and resources
 * of its parent by a file of the same name; what it lists in `styles` comes after the parent's. Throws where a
 * theme is missing, is its own ancestor, or says in `theme.properties` what can't be. What signed-in users open builds on what they signed in by: an account
 * or admin theme lies over the login theme of the same name, and a theme without one has its parents'.
 */
export function loadTheme(themesDir: string, name: string, type: ThemeType = 'login'): Theme {
  const layers =
    type === 'account' || type === 'admin'
      ? over(chain(themesDir, name, 'login'), type)
      : chain(themesDir, name, type)
  const nearest = layers.toReversed()
  const property = (key: string): string | undefined =>
    nearest.map(({ properties }) => properties[key]).find((value) => value !== undefined)

  const refuse = (what: string) => new Error(`theme.properties of the ${type} theme "${name}": ${what}`)
  const locales = list(property('locales') ?? 'en')
  const strange = locales.find((tag) => !isLocale(tag))
  if (locales.length === 0 || strange !== undefined)
    throw refuse(`locales must be languages such as en or pt-BR (it is "${strange ?? ''}")`)
  const dark = property('darkMode') ?? 'true'
  if (dark !== 'true' && dark !== 'false') throw refuse(`darkMode must be true or false (it is "${dark}")`)
  const messages = readOnce()
  const perLocale = new Map(locales.map((locale) => [locale, textsOf(layers, locale, messages)]))
  const english = perLocale.get('en') ?? textsOf(layers, 'en', messages)

  return {
    name,
    locales,
    darkMode: dark === 'true',
    templates: new Map(layers.flatMap(({ dir }) => [...templatesIn(join(dir, 'templates'))])),
    styles: [...new Set(layers.flatMap(({ properties }) => list(properties['styles'] ?? '')))],
    texts: (locale) => perLocale.get(locale) ?? perLocale.get(locale.split('-')[0] ?? '') ?? english,
    resource(path) {
      const file = normalize(path)
      if (file.startsWith('..') || file.startsWith(sep))
        throw new Error(`"${path}" lies outside the theme "${name}"`)
      const found = nearest
        .map(({ dir }) => join(dir, 'resources', file))
        .find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile())
      if (found === undefined)
        throw new Error(`The theme "${name}" and its parents have no resource "${path}"`)
      return readFileSync(found)
    },
  }
}

/** The theme and its ancestors, the eldest first. */
function chain(themesDir: string, name: string, type: ThemeType, heirs: readonly string[] = []): Layer[] {
  if (!/^[\w-]+$/.test(name)) throw new Error(`"${name}" is not the name of a theme`)
  if (heirs.includes(name))
    throw new Error(`The theme "${name}" is its own ancestor: ${[...heirs, name].join(' → ')}`)
  const dir = join(themesDir, name, type)
  if (!existsSync(join(dir, 'theme.properties')))
    throw new Error(`There is no ${type} theme "${name}" in ${themesDir}`)
  const properties = propertiesOf(join(dir, 'theme.properties'))
  const parent = properties['parent']
  return [...(parent ? chain(themesDir, parent, type, [...heirs, name]) : []), { dir, properties }]
}

/** These layers, and over them what their themes have of another type. */
function over(base: readonly Layer[], type: ThemeType): Layer[] {
  const more = base
    .map(({ dir }) => join(dir, '..', type))
    .filter((dir) => existsSync(join(dir, 'theme.properties')))
    .map((dir) => ({ dir, properties: propertiesOf(join(dir, 'theme.properties')) }))
  return [...base, ...more]
}

function textsOf(layers: readonly Layer[], locale: string, read: ReturnType<typeof readOnce>): Texts {
  const language = locale.split('-')[0] ?? locale
  const texts = new Map<string, string>()
  for (const tag of new Set(['en', language, locale])) {
    for (const { dir } of layers) {
      const file = join(dir, 'messages', `messages_${tag.replace('-', '_')}.properties`)
      for (const [key, text] of read(file)) texts.set(key, text)
    }
  }
  return texts
}

/** Reads files of texts, each once: English stands under every other language. A file that is not there has none. */
function readOnce(): (file: string) => [key: string, text: string][] {
  const files = new Map<string, [string, string][]>()
  return (file) => {
    const texts = files.get(file) ?? (existsSync(file) ? Object.entries(propertiesOf(file)) : [])
    files.set(file, texts)
    return texts
  }
}

/** @throws Error that names the file */
function propertiesOf(file: string): Record<string, string> {
  try {
    return getProperties(readFileSync(file, 'utf8'))
  } catch (fault) {
    throw new Error(`The theme's file ${file} can't be read as properties`, { cause: fault })
  }
}

/** Whether it is a language tag as browsers write it (BCP 47), which every date and number is written by. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag)[0] === tag
  } catch {
    return false
  }
}

function templatesIn(dir: string): Map<string, string> {
  if (!existsSync(dir)) return new Map()
  const files = readdirSync(dir).filter((file) => file.endsWith('.hbs'))
  return new Map(files.map((file) => [file.slice(0, -'.hbs'.length), readFileSync(join(dir, file), 'utf8')]))
}

const list = (value: string): string[] => value.split(/[\s,]+/).filter((entry) => entry !== '')
