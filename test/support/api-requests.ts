import { randomUUID } from 'node:crypto'
import { NOW } from './api.ts'
import type { ApiWorld, Ask } from './api.ts'
import { deviceOf } from './kit.ts'

/** A request that is in order, on `user` where it is about one. */
export type Prepare = (world: ApiWorld, user: string) => Promise<{ path: string; ask?: Ask }>

const at =
  (path: string, ask?: Ask): Prepare =>
  async () => ({ path, ...(ask === undefined ? {} : { ask }) })

const on =
  (rest: string, ask?: Ask): Prepare =>
  async (_, user) => ({ path: `/users/${user}${rest}`, ...(ask === undefined ? {} : { ask }) })

const RULE = { enforcement: 'required', priority: 1 }

/** The version that a rule or a proposal has, which is there afterwards. */
async function versionOf(world: ApiWorld, kind: 'rules' | 'proposals'): Promise<string> {
  const policy = await world.app.admin.policy('demo')
  const kept = policy[kind].find(({ groupId }) => groupId === 'g-finance')
  if (kept !== undefined) return `"${kept.version}"`
  const rule = { groupId: 'g-finance', enforcement: 'optional' as const, priority: 0 }
  const audit = [{ event: 'rule.saved' as const, realm: 'demo', userId: '', at: NOW, detail: {} }]
  await world.app.admin.commit(
    kind === 'rules'
      ? { realm: 'demo', saveRules: [{ rule, origin: 'administrator', version: undefined }], audit }
      : { realm: 'demo', saveProposal: { rule, version: undefined }, audit },
  )
  return await versionOf(world, kind)
}

const matching =
  (kind: 'rules' | 'proposals', path: string, body?: unknown): Prepare =>
  async (world) => ({ path, ask: { body, headers: { 'If-Match': await versionOf(world, kind) } } })

const needing =
  (kind: 'rules' | 'proposals', path: string): Prepare =>
  async (world) => {
    await versionOf(world, kind)
    return { path }
  }

async function overridden(world: ApiWorld, userId: string): Promise<void> {
  const { override } = (await world.app.admin.user('demo', userId)) ?? {}
  if (override !== undefined) return
  await world.app.admin.commit({
    realm: 'demo',
    override: { userId, enforcement: 'optional', was: undefined, comesTo: 'optional' },
    audit: [],
    unlock: { userId },
  })
}

async function bypassed(world: ApiWorld, userId: string): Promise<void> {
  const given = { id: 'b', keyId: 'k', value: 'v', expiresAt: NOW + 1, by: 'erin', at: NOW, reason: 'r' }
  await world.app.admin.commit({ realm: 'demo', bypass: { userId, given }, audit: [] })
}

/** A request for every endpoint, by its line of the table; the group `g-finance` is there. */
export const REQUESTS: Record<string, Prepare> = {
  'get /settings': at('/settings'),
  'patch /settings': async (world) => {
    const { version } = await world.app.admin.policy('demo')
    return { path: '/settings', ask: { body: {}, headers: { 'If-Match': `"${version}"` } } }
  },
  'get /rules': at('/rules'),
  'get /rules/{groupId}': needing('rules', '/rules/g-finance'),
  'put /rules/{groupId}': matching('rules', '/rules/g-finance', RULE),
  'delete /rules/{groupId}': matching('rules', '/rules/g-finance'),
  'get /rules/{groupId}/proposal': needing('proposals', '/rules/g-finance/proposal'),
  'put /rules/{groupId}/proposal': matching('proposals', '/rules/g-finance/proposal', RULE),
  'delete /rules/{groupId}/proposal': matching('proposals', '/rules/g-finance/proposal'),
  'get /groups': at('/groups'),
  'get /users': at('/users'),
  'post /users/search': at('/users/search', { body: { search: 'in' } }),
  'post /users': async () => ({ path: '/users', ask: { body: { username: `new-${randomUUID()}` } } }),
  'get /users/{userId}': on(''),
  'get /users/{userId}/methods': on('/methods'),
  'put /users/{userId}/override': on('/override', { body: { enforcement: 'required', reason: 'asked for' } }),
  'delete /users/{userId}/override': async (world, user) => {
    await overridden(world, user)
    return { path: `/users/${user}/override` }
  },
  'delete /users/{userId}/methods/{methodId}': async (world, user) => {
    const [id = ''] = await world.enrol(user)
    return { path: `/users/${user}/methods/${id}` }
  },
  'get /users/{userId}/devices': on('/devices'),
  'delete /users/{userId}/devices': on('/devices'),
  'delete /users/{userId}/devices/{deviceId}': async ({ app }, user) => {
    const trust = deviceOf(randomUUID())
    await app.store.commit({ realm: 'demo', userId: user, trust })
    return { path: `/users/${user}/devices/${trust.id}` }
  },
  'post /users/{userId}/reset': on('/reset'),
  'post /users/{userId}/unlock': on('/unlock'),
  'post /users/{userId}/bypass': async (world, user) => {
    await world.enrol(user)
    return { path: `/users/${user}/bypass`, ask: { body: { reason: 'lost the phone' } } }
  },
  'delete /users/{userId}/bypass': async (world, user) => {
    await bypassed(world, user)
    return { path: `/users/${user}/bypass` }
  },
  'post /what-if': at('/what-if', { body: {} }),
  'get /audit': at('/audit'),
  'get /audit/export': at('/audit/export'),
  'put /settings/mail-password': at('/settings/mail-password', { body: { password: 'x' } }),
  'delete /settings/mail-password': at('/settings/mail-password'),
  'post /settings/mail-test': at('/settings/mail-test', { body: { to: 'a@example.com' } }),
  'put /settings/twilio-auth-token': at('/settings/twilio-auth-token', { body: { authToken: 'x' } }),
  'delete /settings/twilio-auth-token': at('/settings/twilio-auth-token'),
  'put /settings/sms-webhook-secret': at('/settings/sms-webhook-secret', {
    body: { secret: 'x'.repeat(16) },
  }),
  'delete /settings/sms-webhook-secret': at('/settings/sms-webhook-secret'),
  'get /settings/secrets': at('/settings/secrets'),
  // No country is allowed.
  'post /settings/sms-test': at('/settings/sms-test', { body: { to: '+31612345678' } }),
  'get /figures': at('/figures'),
  'get /sync': at('/sync'),
  'post /sync': at('/sync', { body: {} }),
  'get /openapi.json': at('/openapi.json'),
}
