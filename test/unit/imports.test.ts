import { globSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { expect, it } from 'vitest'

/** What the wiring may import. */
const WIRED = [
  'config.ts',
  'relying-party.ts',
  'patience.ts',
  'web',
  'worker',
  'methods/index.ts',
  'methods/',
  'adapters/',
  'core',
]

/** What each part may import besides itself. A part is a folder that is named here, or one in a folder with a slash. */
const MAY: Record<string, string[]> = {
  'cli.ts': ['cli', 'app.ts', 'config.ts', 'core'],
  cli: ['app.ts', 'config.ts', 'methods/index.ts', 'adapters/', 'core'],
  'app.ts': ['app', ...WIRED],
  app: WIRED,
  'config.ts': ['relying-party.ts', 'adapters/', 'core'],
  'relying-party.ts': [],
  'patience.ts': [],
  // The version, which metrics tell.
  web: ['core', 'package.json'],
  worker: ['core'],
  'methods/index.ts': ['methods/', 'core'],
  'methods/': ['core'],
  'adapters/': ['patience.ts', 'core'],
  core: [],
}

/** `src/methods/totp/totp.ts` is of the part `methods/totp`, `src/core/policy/policy.ts` of `core`. */
function partOf(file: string): string {
  const [first = '', second = ''] = file.replace(/^src\//, '').split('/')
  return `${first}/` in MAY ? `${first}/${second}` : first
}

function rightsOf(part: string): string[] {
  return MAY[part] ?? MAY[`${part.split('/')[0]}/`] ?? []
}

function mayImport(from: string, to: string): boolean {
  return (
    from === to ||
    rightsOf(from).some((right) =>
      right.endsWith('/') ? to.startsWith(right) && !(to in MAY) : to === right,
    )
  )
}

it('lets imports run from cli to app to web, worker, methods and adapters to core, and never between siblings', () => {
  const breaks = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
      .map(([, path = '']) => normalize(join(file, '..', path)))
      .filter((imported) => !mayImport(partOf(file), partOf(imported)))
      .map((imported) => `${file} must not import ${imported}`),
  )
  expect(breaks).toEqual([])
})
