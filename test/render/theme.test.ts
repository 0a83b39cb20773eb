import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRenderer } from '../../src/web/render/render.ts'
import { loadTheme } from '../../src/web/render/theme.ts'
import { frame, views } from './samples.ts'

const shipped = join(import.meta.dirname, '../../themes')
let themes: string

beforeAll(() => {
  themes = mkdtempSync(join(tmpdir(), 'latchkey-themes-'))
  cpSync(shipped, themes, { recursive: true })
  cpSync(join(import.meta.dirname, 'fixtures'), themes, { recursive: true })
})
afterAll(() => rmSync(themes, { recursive: true }))

const styleOf = (theme: string): string => {
  const renderer = createRenderer({ themesDir: themes, theme })
  const address = renderer.assetUrls('').style.replace('/resources/', '')
  return String(renderer.asset(address)?.body)
}

const page = (locale = 'en'): string =>
  createRenderer({ themesDir: themes, theme: 'brand' }).render(frame({ locale }), views['challenge-totp']!)

/** A page with a reason that no bundle has a sentence for. */
const unworded = (options: { missingText?: () => string } = {}): string =>
  createRenderer({ themesDir: themes, theme: 'keycloak', ...options }).render(
    frame(),
    // @ts-expect-error not one of the contract's reasons
    { page: 'blocked', reason: 'whatever' },
  )

describe('a theme that extends another', () => {
  it('replaces a single template and keeps the others', () => {
    expect(page()).toContain('<p>Example Ltd, Demo company</p>')
    expect(page()).toContain('name="code"')
  })

  it('replaces a single message and keeps the others', () => {
    expect(page()).toContain('Open the door')
    expect(page()).toContain('One-time code')
  })

  it("shows its parent's text in a language it says nothing in", () => {
    expect(page('de')).toContain('>Anmelden</button>')
  })

  it("adds its styles after its parent's, replaces files of the same name and takes pictures in", () => {
    const style = styleOf('brand')
    expect(style.indexOf('--card-top: #609')).toBeGreaterThan(style.indexOf('--card-top: #06c'))
    expect(style).toContain('data:image/svg+xml,%3Csvg')
    expect(style).not.toContain('.alert-warning')
    expect(styleOf('keycloak')).toContain('.alert-warning')
  })

  it('can do without dark mode', () => {
    expect(page()).toContain('class="light-only"')
    expect(page()).toContain('<meta name="color-scheme" content="light">')
  })

  it('inherits its locales', () => {
    expect(loadTheme(themes, 'brand').locales).toEqual(loadTheme(themes, 'keycloak').locales)
  })
})

describe('a theme that cannot be loaded', () => {
  it.each([
    ['is missing', 'nobody', 'There is no login theme "nobody"'],
    ['is its own ancestor', 'loop', 'loop → loop'],
    ['has a path for a name', '../keycloak', 'is not the name of a theme'],
  ])('because it %s is refused by name', (_why, name, message) => {
    expect(() => loadTheme(themes, name)).toThrow(message)
  })

  it('does not reach a file outside its folder', () => {
    expect(() => loadTheme(themes, 'keycloak').resource('../theme.properties')).toThrow('outside')
  })
})

describe('the texts of a theme', () => {
  it('fall back from region to language to English', () => {
    const theme = loadTheme(themes, 'keycloak')
    expect(theme.texts('de-AT').get('doLogIn')).toBe('Anmelden')
    expect(theme.texts('tlh').get('doLogIn')).toBe('Sign In')
  })

  it('show the key where no bundle has one', () => {
    expect(unworded()).toContain('blocked.whatever')
  })

  it('let a test see that one is missing', () => {
    const missingText = vi.fn(() => '')
    unworded({ missingText })
    expect(missingText).toHaveBeenCalledWith('blocked.whatever', 'en')
  })
})
