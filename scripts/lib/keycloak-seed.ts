import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hash } from './hash.ts'
import { freePort } from './ports.ts'
import { type PreparedKeycloak, startKeycloak } from './keycloak-start.ts'
import type { Java } from './prerequisites.ts'
import { run, ScriptError } from './run.ts'

interface SeedOptions {
  version: string
  home: string
  java: Java
  /** The folder for the database; kept when it exists. */
  seed: string
  realmFile: string
  progress: (line: string) => void
}

/**
 * Boots a built Keycloak once, when that is needed, to import the realm and to archive the classes it loads, and
 * keeps the database of its clean stop.
 *
 * @throws ScriptError with the log's tail when the import fails
 */
export async function makeSeed(options: SeedOptions): Promise<PreparedKeycloak> {
  const { version, home, java, seed, realmFile, progress } = options
  const realm = realmIn(await readFile(realmFile, 'utf8'))
  const archive = `classes-${await fingerprint(java)}.jsa`
  const withArchive = () => (existsSync(join(home, archive)) ? { archive } : {})
  const missing = { seed: !existsSync(seed), archive: !existsSync(join(home, archive)) }
  if (missing.seed || missing.archive) {
    progress(
      missing.seed
        ? `Starting Keycloak once to import the realm "${realm}"`
        : 'Starting Keycloak once for this Java',
    )
    const dataDir = await mkdtemp(`${seed}.new-`)
    const imports = join(home, 'data/import')
    try {
      await mkdir(imports, { recursive: true })
      if (missing.seed) await copyFile(realmFile, join(imports, 'realm.json'))
      else await cp(seed, dataDir, { recursive: true })
      const keycloak = await startKeycloak({
        prepared: { version, home, java, seed, realm, ...withArchive() },
        port: await freePort(),
        dataDir,
        // Nobody logs in during this boot.
        sidecarUrl: 'http://localhost:1',
        logFile: join(home, 'first-boot.log'),
        args: missing.seed ? ['--import-realm'] : [],
        jvm: missing.archive ? [`-XX:ArchiveClassesAtExit=${archive}`] : [],
      })
      if (missing.archive) await loadClasses(keycloak.url, realm)
      await keycloak.stop()
      if (missing.seed) await rename(dataDir, seed)
    } finally {
      await rm(dataDir, { recursive: true, force: true })
      await rm(imports, { recursive: true, force: true })
    }
  }
  return { version, home, java, seed, realm, ...withArchive() }
}

/** Has Keycloak load what a login page and a password check need, so that the archive holds it. */
async function loadClasses(url: string, realm: string): Promise<void> {
  const login = new URLSearchParams({
    client_id: 'account-console',
    redirect_uri: `${url}/realms/${realm}/account/`,
    response_type: 'code',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  const grant = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }
  await fetch(`${url}/realms/${realm}/protocol/openid-connect/auth?${login.toString()}`)
  await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(grant),
  })
}

function realmIn(json: string): string {
  const content: unknown = JSON.parse(json)
  if (
    content !== null &&
    typeof content === 'object' &&
    'realm' in content &&
    typeof content.realm === 'string'
  ) {
    return content.realm
  }
  throw new ScriptError('The realm file names no realm.')
}

/** An archive of classes belongs to the very Java that made it. */
async function fingerprint(java: Java): Promise<string> {
  return hash(await run(java.command, ['-version'], { what: 'java -version' })).slice(0, 12)
}
