import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBridge, currentVersion, prepareKeycloak } from '../../scripts/lib/keycloak.ts'
import { keycloakEnvironment } from '../../scripts/lib/keycloak-start.ts'
import { run } from '../../scripts/lib/run.ts'
import type { RealmRepresentation } from './keycloak.ts'

/**
 * What `kc.sh export` of a real, stopped Keycloak writes of this realm, by file name: one file, or a folder of them.
 */
export async function exportOf(
  realm: RealmRepresentation,
  into: 'file' | 'folder' = 'file',
): Promise<Map<string, string>> {
  const { home, java, seed } = await prepareKeycloak({ version: currentVersion, jar: await buildBridge() })
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-export-'))
  const name = realm.realm ?? ''
  const kc = async (...args: string[]) => {
    const db = `--db-url=jdbc:h2:file:${folder}/data/keycloakdb;NON_KEYWORDS=VALUE`
    await run(join(home, 'bin/kc.sh'), [...args, '--optimized', db], {
      env: { ...keycloakEnvironment(java), JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' },
      what: `kc.sh ${args[0]}`,
    })
  }
  try {
    await cp(seed, join(folder, 'data'), { recursive: true })
    await writeFile(join(folder, 'realm.json'), JSON.stringify(realm))
    await kc('import', `--file=${join(folder, 'realm.json')}`)
    const target =
      into === 'file'
        ? [`--file=${folder}/out/realm.json`]
        : ['--users=different_files', `--dir=${folder}/out`]
    await mkdir(join(folder, 'out'))
    await kc('export', `--realm=${name}`, ...target)
    const files = await readdir(join(folder, 'out'))
    const texts = files.map(
      async (file) => [file, await readFile(join(folder, 'out', file), 'utf8')] as const,
    )
    return new Map(await Promise.all(texts))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
