import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { describe, expect, it } from 'vitest'
import { productionPackages } from '../../scripts/lib/licences.ts'

it('what the server imports is a dependency of production', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>
  }
  const imported = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?<!')(?:from|import)\s*\(?\s*'([^.'\n][^'\n]*)'/g)].map(
      ([, name = '']) => name,
    ),
  )
  const packages = imported
    .filter((name) => !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  expect([...new Set(packages)].filter((name) => !(name in dependencies))).toEqual([])
})

describe('the supply chain (B16)', () => {
  it('names every dependency by one exact version', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    )
    expect(loose).toEqual([])
  })

  it('checks every package in the lock file by its hash', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { integrity?: string }>
    }
    const unchecked = Object.entries(packages).filter(
      ([path, { integrity }]) => path !== '' && integrity?.startsWith('sha512-') !== true,
    )
    expect(unchecked).toEqual([])
  })

  it('has production run no script of a package at its installation', () => {
    expect(productionPackages().filter(({ hasInstallScript }) => hasInstallScript)).toEqual([])
  })

  it('has no package in production whose licence is not known to let it be passed on with its notice kept', () => {
    const known = ['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0']
    expect(productionPackages().filter(({ licence }) => !known.includes(licence))).toEqual([])
  })
})
