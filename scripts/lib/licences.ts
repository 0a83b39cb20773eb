import { readFileSync } from 'node:fs'

/** A package that a server in production needs, itself or through another. */
interface Package {
  name: string
  version: string
  /** An SPDX identifier, as the package says it; empty where it says none. */
  licence: string
  /** Whether npm would run a script of it when it is installed. */
  hasInstallScript: boolean
}

interface Locked {
  version?: string
  dev?: boolean
  hasInstallScript?: boolean
}

/** What `npm ci --omit=dev` installs, by name and version: from the lock file, its licences from the packages themselves. */
export function productionPackages(): Package[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>
  }
  const found = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version = '', hasInstallScript = false }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: licenceOf(path),
      hasInstallScript,
    }))
  // Two packages may need the same version of a third, each in a folder of its own.
  const each = new Map(found.map((one) => [`${one.name}@${one.version}`, one]))
  return [...each.values()].toSorted((a, b) => compare(a.name, b.name) || compare(a.version, b.version))
}

/** The table of docs/licences.md. */
export function licencesTable(): string {
  const rows = productionPackages().map(
    ({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |`,
  )
  return ['| package | version | licence |', '|---|---|---|', ...rows, ''].join('\n')
}

function licenceOf(path: string): string {
  const { license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8')) as { license?: unknown }
  return typeof license === 'string' ? license : ''
}

/** By code unit: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
