import type { LogConfig } from 'kysely'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import type { SyncControl, SyncState } from '../../src/core/sync/sync.ts'
import { startApp } from './app.ts'
import type { Clock, RunningApp } from './app.ts'
import { fakeDirectory } from './directory.ts'
import type { FakeDirectory } from './directory.ts'
import { startOidcRealm } from './oidc-realm.ts'
import type { OidcRealm, SignedIn } from './oidc-realm.ts'
import { seedDirectory } from './people.ts'
import type { SeedGroup, SeedUser } from './people.ts'
import { sqlitePlace } from './stores.ts'

export const NOW = 1_800_000_015_000
const DEMO = 'demo'

/** What methods keep, by their ids. */
const DATA: Record<string, unknown> = {
  totp: { secret: 'SECRETSECRETSECRETSECRET', lastStep: 0 },
  sms: { phone: '+31612345678' },
  email: { address: 'somebody@example.com' },
  'backup-codes': { keyId: 'k1', macs: ['bWFjLW9mLWEtY29kZQ'] },
}

/** A page as a browser got it, redirects not followed. */
export interface Page {
  status: number
  html: string
  headers: Headers
  /** Where it leads, below the administrator's pages where it is one of them. */
  to: string
}

/** A browser that is signed in at the administrator's pages; paths lie below them. */
export interface Visitor {
  get(path: string): Promise<Page>
  post(
    path: string,
    form?: Record<string, string> | URLSearchParams,
    headers?: Record<string, string>,
  ): Promise<Page>
  /** Name and value of its cookies. */
  cookies(): Record<string, string>
}

/** A sidecar with administrator's pages, a realm to sign in at, and people. */
export interface PagesWorld {
  app: RunningApp
  realm: OidcRealm
  directory: FakeDirectory
  sync: { now: SyncState; runs: ({ confirm: number } | undefined)[] }
  clock: Clock
  /** Signs a user with these roles in; in a session that gave a second factor just now unless `fresh` is false. */
  as(userId: string, roles?: string[], options?: { fresh?: boolean }): Promise<Visitor>
  /** Says that a session of this user gave a second factor at this moment. */
  verify(userId: string): Promise<void>
  lock(userId: string): Promise<void>
  stop(): Promise<void>
}

export async function startPages(people: {
  groups?: SeedGroup[]
  users?: SeedUser[]
  environment?: NodeJS.ProcessEnv
  dbUrl?: string
  sqlLog?: LogConfig
  looksForLeaks?: boolean
}): Promise<PagesWorld> {
  const place = people.dbUrl === undefined ? sqlitePlace() : undefined
  const dbUrl = people.dbUrl ?? place?.url ?? ''
  const database = await openDatabase(dbUrl)
  // Methods are set up below, where their secrets can be sealed.
  const users = (people.users ?? []).map((user) => ({ ...user, methods: [] }))
  await seedDirectory(database, DEMO, { ...people, users })
  await database.close()
  const directory = fakeDirectory()
  for (const { id, path, parentId } of people.groups ?? []) directory.addGroup(id, path, parentId)
  for (const { id, username = id, groups = [], roles } of people.users ?? []) {
    const live = (roles ?? []).filter((role) => role.startsWith('tfa-'))
    directory.addUser(id, { username, groups, roles: live })
  }
  const sync: PagesWorld['sync'] & SyncControl = {
    now: NEVER_SYNCED,
    runs: [],
    state: async () => sync.now,
    run: async (_, options) => void sync.runs.push(options),
    hint: async () => 'kept',
  }
  const clock = { now: NOW }
  let sidecar = ''
  const realm = await startOidcRealm(clock, () => sidecar)
  realm.admin.added = (id, { username, attributes }) =>
    directory.addUser(id, { username, phone: attributes?.['phoneNumber']?.[0] })
  const app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    dbUrl,
    clock,
    directory: () => directory,
    sync,
    ...(people.environment === undefined ? {} : { environment: people.environment }),
    looksForLeaks: people.looksForLeaks ?? true,
    ...(people.sqlLog === undefined ? {} : { sqlLog: people.sqlLog }),
  })
  sidecar = `${app.url}/realms/${DEMO}`
  for (const { id, methods = [] } of people.users ?? []) {
    const enrol = methods.map((method, i) => ({
      id: `${id}-${method}`,
      method,
      label: undefined,
      data: DATA[method],
      at: NOW - 86_400_000 + i,
    }))
    if (enrol.length > 0) await app.store.commit({ realm: DEMO, userId: id, enrol })
  }
  const sidOf = (userId: string) => `sid-of-${userId}`
  const world: PagesWorld = {
    app,
    realm,
    directory,
    sync,
    clock,
    async verify(userId) {
      const verified = { sid: sidOf(userId), level: 2 as const, at: clock.now }
      await app.store.commit({ realm: DEMO, userId, verified })
    },
    async as(userId, roles = [], { fresh = true } = {}) {
      const user = { sub: userId, sid: sidOf(userId), username: userId, roles, authTime: clock.now }
      if (fresh) await world.verify(userId)
      return await signIn(sidecar, realm, user)
    },
    async lock(userId) {
      const { attempts } = await app.store.background(DEMO, userId, 'n')
      const next = {
        ...attempts,
        failures: 5,
        total: attempts.total + 5,
        lockedUntil: clock.now + 60_000,
      }
      await app.store.commit({ realm: DEMO, userId, attempts: { next, version: attempts.version } })
    },
    async stop() {
      await app.stop()
      await realm.stop()
      await place?.drop()
    },
  }
  return world
}

async function signIn(sidecar: string, realm: OidcRealm, user: SignedIn): Promise<Visitor> {
  const jar = new Map<string, string>()
  const ask = async (url: string, init: RequestInit = {}): Promise<Page> => {
    // Whose roles the realm tells when they are read again.
    realm.user = user
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: {
        ...(init.headers as Record<string, string>),
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    const location = new URL(response.headers.get('location') ?? sidecar, sidecar).href
    return {
      status: response.status,
      html: await response.text(),
      headers: response.headers,
      to: location.replace(`${sidecar}/admin`, ''),
    }
  }
  const begun = await ask(`${sidecar}/login?to=/realms/${DEMO}/admin/users`)
  await ask(await realm.authorize(begun.to))
  return {
    get: async (path) => await ask(`${sidecar}/admin${path}`),
    post: async (path, form = {}, headers = {}) =>
      await ask(`${sidecar}/admin${path}`, {
        method: 'POST',
        body: new URLSearchParams(form).toString(),
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Sec-Fetch-Site': 'same-origin',
          ...headers,
        },
      }),
    cookies: () => Object.fromEntries(jar),
  }
}

/** What a page says, without its marks. */
export function linesOf({ html }: Pick<Page, 'html'>): string {
  const entities: Record<string, string> = { '#x27': "'", amp: '&', quot: '"', lt: '<', gt: '>', '#x3D': '=' }
  return html
    .replace(/^.*<main/s, '<main')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&([#\w]+);/g, (entity, name: string) => entities[name] ?? entity)
    .replaceAll(/\s+/g, ' ')
}
