import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../scripts/lib/paths.ts'

/** Another version of the sidecar, in a folder of its own. */
export interface Version {
  folder: string
  remove(): void
}

/**
 * Makes the version after this one: its source, with so many migrations more. It is a version as any other: what it does
 * to a database is in its files.
 * @param migrations name without number, and what `up` does with `db`
 */
export function nextVersion(migrations: Record<string, string>): Version {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-next-'))
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const shared of ['node_modules', 'themes']) symlinkSync(join(root, shared), join(folder, shared))
  const file = join(folder, 'src/adapters/store/migrations/index.ts')
  let source = readFileSync(file, 'utf8')
  const entries = Object.entries(migrations).map(([name, up], i) => {
    const id = `${9001 + i}-${name}`
    const text = `import { sql } from 'kysely'\nexport default { async up(db) { ${up} } }\n`
    writeFileSync(join(folder, `src/adapters/store/migrations/${id}.ts`), text)
    source = `import next${i} from './${id}.ts'\n${source}`
    return `  '${id}': next${i},\n`
  })
  const list = /(const MIGRATIONS[^]*?)\n}\n/
  if (!list.test(source)) throw new Error('there is no list of migrations')
  writeFileSync(
    file,
    source.replace(list, (_, before: string) => `${before}\n${entries.join('')}}\n`),
  )
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
