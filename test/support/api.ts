import type { LogConfig } from 'kysely'
import { expect } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import type { SyncControl, SyncState } from '../../src/core/sync/sync.ts'
import { registry } from '../../src/methods/index.ts'
import type { Endpoint } from '../../src/web/api/endpoint.ts'
import { describeApi } from '../../src/web/api/openapi.ts'
import { problemSchema, staleProblemSchema } from '../../src/web/api/problem.ts'
import { endpointsOf } from '../../src/web/api/table.ts'
import { startApp } from './app.ts'
import type { RunningApp } from './app.ts'
import { fakeDirectory } from './directory.ts'
import type { FakeDirectory } from './directory.ts'
import { seedDirectory } from './people.ts'
import type { SeedGroup, SeedUser } from './people.ts'
import { startRealm } from './realm.ts'
import type { FakeRealm } from './realm.ts'
import { sqlitePlace } from './stores.ts'

export const NOW = 1_800_000_015_000
const DEMO = 'demo'

/** What no answer may hold. */
export const SECRETS = { app: 'SECRETSECRETSECRETSECRET', phone: '+31612345678', mac: 'bWFjLW9mLWEtY29kZQ' }

export const ENDPOINTS = endpointsOf(registry)

/** What the API says of itself: the statuses of each endpoint. */
const DESCRIBED = describeApi(ENDPOINTS, {
  name: DEMO,
  base: '/realms/demo',
  issuer: 'https://latchkey.example.com/realms/demo',
  keycloakIssuer: 'https://sso.example.com/realms/demo',
  keycloakUrl: 'https://sso.example.com/realms/demo',
})['paths'] as Record<string, Record<string, { responses: Record<string, unknown> }>>

/** An answer, its JSON where it has some. */
export interface ApiAnswer {
  status: number
  headers: Headers
  text: string
  json: any // oxlint-disable-line typescript/no-explicit-any
}

export interface Ask {
  body?: unknown
  /** Sent as it is, in place of `body`. */
  raw?: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string>
}

/** Somebody with a token. */
export type Client = (
  verb: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS',
  path: string,
  ask?: Ask,
) => Promise<ApiAnswer>

export interface FakeSync extends SyncControl {
  now: SyncState
  runs: ({ confirm: number } | undefined)[]
}

/** A sidecar with an API, a realm that issues tokens, and people. */
export interface ApiWorld {
  app: RunningApp
  realm: FakeRealm
  directory: FakeDirectory
  sync: FakeSync
  clock: { now: number }
  /** Whoever has this token. */
  withToken(token: string | undefined): Client
  /** A user with these roles, in a session that gave a second factor just now unless `fresh` is false. */
  as(
    userId: string,
    roles?: string[],
    options?: { fresh?: boolean; claims?: Record<string, unknown> },
  ): Promise<Client>
  enrol(userId: string, methods?: string[]): Promise<string[]>
  stop(): Promise<void>
}

export async function startApi(
  options: {
    groups?: SeedGroup[]
    users?: SeedUser[]
    dbUrl?: string
    realms?: string[]
    environment?: NodeJS.ProcessEnv
    background?: boolean
    sqlLog?: LogConfig
    looksForLeaks?: boolean
  } = {},
): Promise<ApiWorld> {
  const place = options.dbUrl === undefined ? sqlitePlace() : undefined
  const dbUrl = options.dbUrl ?? place?.url ?? ''
  const database = await openDatabase(dbUrl)
  await seedDirectory(database, DEMO, options)
  await database.close()

  const realm = await startRealm(DEMO)
  const directory = fakeDirectory()
  for (const { id, path, parentId } of options.groups ?? []) directory.addGroup(id, path, parentId)
  for (const user of options.users ?? []) {
    directory.addUser(user.id, {
      username: user.username ?? user.id,
      groups: user.groups ?? [],
      roles: (user.roles ?? []).filter((role) => role.startsWith('tfa-')),
    })
  }
  realm.admin.added = (id, { username, attributes }) =>
    directory.addUser(id, { username, phone: attributes?.['phoneNumber']?.[0] })
  const sync = fakeSync()
  const clock = { now: NOW }
  const app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    realms: options.realms ?? [DEMO],
    dbUrl,
    clock,
    directory: () => directory,
    sync,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    background: options.background ?? false,
    looksForLeaks: options.looksForLeaks ?? true,
    ...(options.sqlLog === undefined ? {} : { sqlLog: options.sqlLog }),
  })
  let enrolled = 0
  const world: ApiWorld = {
    app,
    realm,
    directory,
    sync,
    clock,
    withToken: (token) => async (verb, path, ask) => await request(app, token, verb, path, ask),
    async as(userId, roles = [], { fresh = true, claims = {} } = {}) {
      const sid = `sid-of-${userId}`
      if (fresh) {
        await app.store.commit({ realm: DEMO, userId, verified: { sid, level: 2, at: clock.now } })
      }
      const token = await realm.accessToken(clock.now, {
        sub: userId,
        sid: fresh ? sid : `${sid}-unverified`,
        realm_access: { roles },
        ...claims,
      })
      return world.withToken(token)
    },
    async enrol(userId, methods = ['totp', 'backup-codes']) {
      const data: Record<string, unknown> = {
        totp: { secret: SECRETS.app, lastStep: 0 },
        sms: { phone: SECRETS.phone },
        'backup-codes': { keyId: 'k1', macs: [SECRETS.mac] },
      }
      const enrol = methods.map((method) => ({
        id: `c${++enrolled}-${userId}`,
        method,
        label: undefined,
        data: data[method],
        at: clock.now - 1_000 + enrolled,
      }))
      await app.store.commit({ realm: DEMO, userId, enrol })
      return enrol.map(({ id }) => id)
    },
    async stop() {
      await app.stop()
      await realm.stop()
      await place?.drop()
    },
  }
  return world
}

function fakeSync(): FakeSync {
  const sync: FakeSync = {
    now: NEVER_SYNCED,
    runs: [],
    state: async () => sync.now,
    run: async (_, options) => void sync.runs.push(options),
    hint: async () => 'kept',
  }
  return sync
}

async function request(
  app: RunningApp,
  token: string | undefined,
  verb: string,
  path: string,
  { body, raw, headers = {} }: Ask = {},
): Promise<ApiAnswer> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetch(`${app.url}/realms/${DEMO}/api/v1${path}`, {
    method: verb,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && !text.includes('\n{')
  const answer = {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
  checkAnswer(verb, path, answer)
  return answer
}

/** The line of the table that a path is of. */
export function endpointAt(verb: string, path: string): Endpoint | undefined {
  const [plain = ''] = path.split('?')
  return ENDPOINTS.find(
    (one) =>
      one.verb.toUpperCase() === verb &&
      new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', String.raw`\.`)}$`).test(plain),
  )
}

/** Every answer in every test of the API: as its schema says, never kept, and without a secret. */
function checkAnswer(verb: string, path: string, { status, headers, text, json }: ApiAnswer): void {
  const where = `${verb} ${path} ${status} ${text.slice(0, 500)}`
  expect(headers.get('cache-control'), where).toBe('no-store')
  expect(headers.get('x-request-id'), where).toMatch(/^[\w-]{8,64}$/)
  expect(headers.get('access-control-allow-origin'), where).toBeNull()
  for (const secret of Object.values(SECRETS)) expect(text, where).not.toContain(secret)
  const endpoint = endpointAt(verb, path)
  if (endpoint !== undefined) {
    const { responses = {} } = DESCRIBED[endpoint.path]?.[endpoint.verb] ?? {}
    expect(Object.keys(responses), `an answer that openapi.json does not tell of: ${where}`).toContain(
      String(status),
    )
  }
  if (status >= 400) {
    if (verb === 'HEAD') return
    expect(headers.get('content-type'), where).toMatch(/^application\/problem\+json/)
    const parsed = (status === 412 ? staleProblemSchema : problemSchema).safeParse(json)
    expect(parsed.error, where).toBeUndefined()
    expect(json).toMatchObject({ status, instance: headers.get('x-request-id') })
    return
  }
  const answer = endpoint?.answers[status]
  expect(answer, where).toBeDefined()
  if (answer?.schema !== undefined) expect(answer.schema.safeParse(json).error, where).toBeUndefined()
  else if (status === 204) expect(text, where).toBe('')
}
