import supertest from 'supertest'
import type { RealmSettings } from '../../src/core/settings.ts'
import { startApp } from './app.ts'
import type { RunningApp } from './app.ts'
import { fakeDirectory } from './directory.ts'
import type { FakeDirectory } from './directory.ts'
import { SECRET } from './kit.ts'
import { startOidcRealm } from './oidc-realm.ts'
import type { OidcRealm } from './oidc-realm.ts'

export const BASE = '/realms/demo'
/** In the middle of an app's time step, epoch milliseconds. */
export const NOW = 1_800_000_015_000

/** A browser with a cookie jar of its own, at a sidecar whose realm is stood in for. */
export type Agent = ReturnType<typeof supertest.agent>

/** A sidecar with the user's pages, a realm to sign in at, and what Keycloak knows of users. */
export interface AccountWorld {
  app: RunningApp
  realm: OidcRealm
  directory: FakeDirectory
  clock: { now: number }
  browser(): Agent
  /** Opens a page and follows the login where there is one; gives the answer that is no login's. */
  open(agent: Agent, path: string): Promise<supertest.Response>
  post(agent: Agent, path: string, fields?: Record<string, string>): Promise<supertest.Response>
  /** Gives a user an app, with SECRET, and backup codes where `codes` is true; the ids are `<user>-totp`, `<user>-codes`. */
  enrol(userId: string, options?: { codes?: boolean; label?: string }): Promise<void>
  /** Says that the session of whoever is signed in gave a second factor, so long ago, milliseconds. */
  verified(ago?: number): Promise<void>
  settings(settings: Partial<RealmSettings>): Promise<void>
  stop(): Promise<void>
}

export async function startAccount(environment: NodeJS.ProcessEnv = {}): Promise<AccountWorld> {
  const clock = { now: NOW }
  let issuer = ''
  const realm = await startOidcRealm(clock, () => issuer)
  const directory = fakeDirectory()
  for (const name of ['alice', 'bob']) directory.addUser(`user-${name}`, { username: name })
  const app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    clock,
    directory: () => directory,
    environment,
  })
  issuer = app.url + BASE

  const world: AccountWorld = {
    app,
    realm,
    directory,
    clock,
    browser: () => supertest.agent(app.url),
    async open(agent, path) {
      let response = await agent.get(path)
      for (let i = 0; i < 12 && isLogin(response); i++) response = await follow(agent, response)
      return response
    },
    post: async (agent, path, fields = {}) => await agent.post(path).type('form').send(fields),
    async enrol(userId, { codes = false, label } = {}) {
      const at = clock.now - 1_000
      const totp = { method: 'totp', data: { secret: SECRET, lastStep: 0 } }
      const backup = { method: 'backup-codes', data: { keyId: 'k1', left: ['bWFj', 'bWFk'] } }
      await app.store.commit({
        realm: 'demo',
        userId,
        enrol: [
          { id: `${userId}-totp`, label, at, ...totp },
          ...(codes ? [{ id: `${userId}-codes`, label: undefined, at: at + 1, ...backup }] : []),
        ],
      })
    },
    async verified(ago = 0) {
      const { sub, sid } = realm.user
      await app.store.commit({
        realm: 'demo',
        userId: sub,
        verified: { sid, level: 2, at: clock.now - ago },
      })
    },
    async settings(settings) {
      await app.policy.saveSettings('demo', settings)
    },
    async stop() {
      await app.stop()
      await realm.stop()
    },
  }
  return world

  function isLogin({ status, headers }: supertest.Response): boolean {
    const to = headers['location'] ?? ''
    const ours = ['login', 'account', 'link/set-up'].some((path) => to.startsWith(`${BASE}/${path}`))
    return status === 303 && (ours || to.startsWith(realm.issuer))
  }

  async function follow(agent: Agent, { headers }: supertest.Response): Promise<supertest.Response> {
    const to = headers['location'] ?? ''
    if (!to.startsWith(realm.issuer)) return await agent.get(to)
    return await agent.get((await realm.authorize(to)).slice(app.url.length))
  }
}

/** The path of the step that an answer leads to. */
export function stepOf({ headers }: supertest.Response): string {
  const path = /^\/realms\/demo\/step\/[\w-]+/.exec(headers['location'] ?? '')?.[0]
  if (path === undefined) throw new Error(`leads to no step: ${headers['location']}`)
  return path
}
