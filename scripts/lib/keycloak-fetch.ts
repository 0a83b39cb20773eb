import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { locked } from './lock.ts'
import { workFolder } from './paths.ts'
import { run, ScriptError } from './run.ts'

/** The version of the trial and of the tests. */
export const currentVersion = '26.7.4'

/**
 * Gets a Keycloak distribution by Maven, which downloads it (175 MB) unless its local repository has it.
 *
 * @param version a version in Maven Central, for example `26.7.4`
 * @returns the folder of the untouched distribution, the one that holds `bin/kc.sh`
 * @throws ScriptError with Maven's last lines
 */
export async function fetchKeycloak(version: string): Promise<string> {
  const home = join(workFolder, 'keycloak', version)
  const dist = join(home, 'dist')
  return locked(join(workFolder, `keycloak-${version}.lock`), async () => {
    if (existsSync(dist)) return dist
    await mkdir(home, { recursive: true })
    const temporary = await mkdtemp(join(home, 'unpack-'))
    try {
      const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'
      const artifact = `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:tar.gz`
      await run('mvn', ['-q', '-B', goal, artifact, `-DoutputDirectory=${temporary}`], {
        // Outside any project: the folder's own pom.xml, if one appears, has no say.
        cwd: temporary,
        what: `Getting Keycloak ${version} with Maven`,
      })
      const archive = (await readdir(temporary)).find((name) => name.endsWith('.tar.gz'))
      if (archive === undefined) throw new ScriptError(`Maven left no archive of Keycloak ${version}.`)
      const unpacked = join(temporary, 'dist')
      await mkdir(unpacked)
      await run('tar', ['-xzf', join(temporary, archive), '-C', unpacked, '--strip-components=1'], {
        what: `Unpacking Keycloak ${version}`,
      })
      // At once and whole: a killed unpacking must not pass for a distribution.
      await rename(unpacked, dist)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    return dist
  })
}
