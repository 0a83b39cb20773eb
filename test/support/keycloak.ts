import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import KcAdminClient from '@keycloak/keycloak-admin-client'
import type { TestProject } from 'vitest/node'
import { buildBridge, currentVersion, prepareKeycloak, startKeycloak } from '../../scripts/lib/keycloak.ts'
import { isAlive } from '../../scripts/lib/lock.ts'
import { demoRealmFile, workFolder } from '../../scripts/lib/paths.ts'
import { freePort } from '../../scripts/lib/ports.ts'

/** The Keycloak of a test run and the place it expects the sidecar at. */
export interface TestKeycloak {
  /** For example `http://localhost:41234`, without a slash at the end. */
  url: string
  /** The port that a test's sidecar listens on, on 127.0.0.1: Keycloak was started with it, so one sidecar at a time. */
  sidecarPort: number
  /** What the bridge takes for the sidecar's address, `http://localhost:<sidecarPort>`. */
  sidecarUrl: string
}

declare module 'vitest' {
  interface ProvidedContext {
    keycloak: TestKeycloak
  }
}

/**
 * Vitest's global set-up: the bridge's own tests, and a Keycloak of the newest version, see `bootKeycloak`.
 *
 * @returns the tear-down
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildBridge({ tests: true })
  return await bootKeycloak(project, currentVersion)
}

/**
 * Builds the bridge, prepares and starts one Keycloak for the run, with the realm `demo` in a fresh database; a test
 * reads it with `inject('keycloak')`. `LATCHKEY_TEST_JAVA_HOME` chooses another Java.
 *
 * @returns the tear-down
 */
export async function bootKeycloak(project: TestProject, version: string): Promise<() => Promise<void>> {
  const javaHome = process.env.LATCHKEY_TEST_JAVA_HOME
  const prepared = await prepareKeycloak({
    version,
    jar: await buildBridge(),
    ...(javaHome === undefined ? {} : { javaHome }),
    progress: (line) => console.log(line),
  })
  const sidecarPort = await freePort()
  const sidecarUrl = `http://localhost:${sidecarPort}`
  removeOldLogs()
  const logFile = join(workFolder, `test-keycloak-${version}-${process.pid}.log`)
  const keycloak = await startKeycloak({ prepared, port: await freePort(), sidecarUrl, logFile })
  void keycloak.died.then((message) => console.error(message))
  project.provide('keycloak', { url: keycloak.url, sidecarPort, sidecarUrl })
  return () => keycloak.stop()
}

/** A run's log outlives it, for a look at what failed, until the next run. */
function removeOldLogs(): void {
  for (const name of readdirSync(workFolder)) {
    const pid = /^test-keycloak-[\d.]+-(\d+)\.log$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(workFolder, name), { force: true })
  }
}

/** A client of the Admin REST API as `admin` of the realm master; every call names its realm: `{ realm: 'demo', … }`. */
export function adminOf(url: string): KcAdminClient {
  const admin = new KcAdminClient({ baseUrl: url, realmName: 'master' })
  let token: { value: string; until: number } | undefined
  admin.registerTokenProvider({
    // Its token lives 60 s; a new one well before that, and never the client's own refresh.
    getAccessToken: async () => {
      if (token === undefined || token.until < Date.now()) {
        token = { value: await passwordGrant(url), until: Date.now() + 30_000 }
      }
      return token.value
    },
  })
  return admin
}

async function passwordGrant(url: string): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password: 'admin',
    }),
  })
  const answer: unknown = await response.json()
  if (answer !== null && typeof answer === 'object' && 'access_token' in answer)
    return String(answer.access_token)
  throw new Error(`Keycloak gave admin no token: ${JSON.stringify(answer)}`)
}

/** Where the demo realm has its sidecar. */
const TRIAL_SIDECAR = 'http://localhost:8090'

/** A realm as Keycloak's admin client takes it. */
export type RealmRepresentation = NonNullable<Parameters<KcAdminClient['realms']['create']>[0]>

/** A realm made by `createRealm`. */
export interface TestRealm {
  name: string
  /** The ids of its top-level groups by name, for example `groups.finance`. */
  groups: Record<string, string>
}

/**
 * Makes a copy of the demo realm under another name, any that Keycloak takes, with the same users and passwords.
 *
 * @param change edits the representation before it is sent
 * @param sidecarUrl where Keycloak fetches the sidecar's keys from, without a slash at the end
 */
export async function createRealm(
  admin: KcAdminClient,
  name: string,
  change: (realm: RealmRepresentation) => void = () => undefined,
  sidecarUrl?: string,
): Promise<TestRealm> {
  const realm = demoRealm(await readFile(demoRealmFile, 'utf8'), name, sidecarUrl)
  change(realm)
  await admin.realms.create(realm)
  const groups = (realm.groups ?? []).map((group) => [group.name ?? '', group.id ?? ''] as const)
  return { name, groups: Object.fromEntries(groups) }
}

function demoRealm(json: string, name: string, sidecarUrl = TRIAL_SIDECAR): RealmRepresentation {
  const text = json
    .replaceAll(TRIAL_SIDECAR, sidecarUrl)
    .replaceAll('/realms/demo/', `/realms/${encodeURIComponent(name)}/`)
    .replaceAll('/admin/demo/', `/admin/${encodeURIComponent(name)}/`)
    .replaceAll('"default-roles-demo"', JSON.stringify(`default-roles-${name.toLowerCase()}`))
  const realm: RealmRepresentation = JSON.parse(text)
  realm.realm = name
  // Ids of groups are unique over all realms of a Keycloak.
  for (const group of realm.groups ?? []) group.id = randomUUID()
  return realm
}
