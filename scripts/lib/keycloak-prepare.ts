import { existsSync } from 'node:fs'
import { copyFile, cp, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { hash, hashFiles } from './hash.ts'
import { fetchKeycloak } from './keycloak-fetch.ts'
import { makeSeed } from './keycloak-seed.ts'
import { keycloakEnvironment, type PreparedKeycloak } from './keycloak-start.ts'
import { isAlive, locked } from './lock.ts'
import { demoRealmFile, workFolder } from './paths.ts'
import { findJava, type Java } from './prerequisites.ts'
import { run } from './run.ts'

/** What to prepare. */
export interface PrepareOptions {
  version: string
  /** The bridge's JAR; absent: Keycloak without the bridge, which imports only a realm that doesn't name it. */
  jar?: string
  /** A JDK's folder; absent: `JAVA_HOME`, else the `java` on the PATH. */
  javaHome?: string
  /** The realm to import, a file as Keycloak exports it; absent: the demo realm. */
  realmFile?: string
  /** Told what takes long, one short line each. */
  progress?: (line: string) => void
}

/**
 * Makes a Keycloak that starts in seconds: fetched, built with the bridge, its database seeded with the realm, its
 * loaded classes archived. Each step is done once for its inputs (version, JAR, realm file, Java) and kept; builds
 * that no living process uses are removed when a new one is made.
 *
 * @throws ScriptError that says what is missing or what failed
 */
export async function prepareKeycloak(options: PrepareOptions): Promise<PreparedKeycloak> {
  const { version, jar, realmFile = demoRealmFile, progress = () => undefined } = options
  const java = await findJava(options.javaHome)
  if (!existsSync(join(workFolder, 'keycloak', version, 'dist'))) progress(`Getting Keycloak ${version}`)
  const dist = await fetchKeycloak(version)
  return locked(join(workFolder, `prepare-${version}.lock`), async () => {
    const inputs = hash(version, jar === undefined ? '' : await readFile(jar)).slice(0, 12)
    const build = join(dirname(dist), `build-${inputs}`)
    if (!existsSync(build)) {
      progress(`Building Keycloak ${version}${jar === undefined ? '' : ' with the bridge'}`)
      await makeBuild(dist, build, java, jar)
    }
    await mkdir(join(build, 'in-use'), { recursive: true })
    await writeFile(join(build, 'in-use', String(process.pid)), '')
    await removeUnused(dirname(dist), build)
    const seed = join(build, `seed-${hashFiles(realmFile).slice(0, 12)}`)
    return makeSeed({ version, home: join(build, 'keycloak'), java, seed, realmFile, progress })
  })
}

async function makeBuild(dist: string, build: string, java: Java, jar: string | undefined): Promise<void> {
  const temporary = `${build}.new`
  await rm(temporary, { recursive: true, force: true })
  await copyDistribution(dist, join(temporary, 'keycloak'))
  if (jar !== undefined) await copyFile(jar, join(temporary, 'keycloak/providers', basename(jar)))
  // Keycloak writes no path of the folder into its build, so the folder can be renamed when it is whole.
  await run(join(temporary, 'keycloak/bin/kc.sh'), ['build', '--db=dev-file'], {
    env: keycloakEnvironment(java),
    what: 'Building Keycloak (kc.sh build)',
  })
  await rename(temporary, build)
}

/** Copies the distribution; its libraries, 170 MB that a build never writes to, are linked where that is possible. */
async function copyDistribution(dist: string, target: string): Promise<void> {
  const libraries = join('lib', 'lib')
  const filter = (source: string) => relative(dist, source) !== libraries
  await cp(dist, target, { recursive: true, preserveTimestamps: true, filter })
  for (const entry of await readdir(join(dist, libraries), { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name)
    const to = join(target, relative(dist, from))
    if (entry.isDirectory()) await mkdir(to, { recursive: true })
    else await linkOrCopy(from, to)
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await link(from, to).catch(() => cp(from, to, { preserveTimestamps: true }))
}

async function removeUnused(home: string, current: string): Promise<void> {
  for (const name of await readdir(home)) {
    const build = join(home, name)
    if (!name.startsWith('build-') || build === current) continue
    const users = await readdir(join(build, 'in-use')).catch(() => [])
    if (!users.some((pid) => isAlive(Number(pid)))) await rm(build + sep, { recursive: true, force: true })
  }
}
