import { sightOf } from '../../core/administration/authority.ts'
import type { z } from 'zod'
import type { userAnswer } from '../api/user-schemas.ts'
import type { Method, Option } from '../render/admin-parts.ts'
import type { AdminView } from '../render/admin-view.ts'
import { auditRows } from './audit-rows.ts'
import { consoleOf } from './frame.ts'
import { deviceName } from './revoke-devices.ts'
import { sentenceOf } from './sentence.ts'
import { nameOf } from './show-users.ts'
import { doneOf, part, whenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** Entries of the audit that a user's page shows. */
const LATEST = 20

type View = Extract<AdminView, { page: 'user' }>
type Shown = z.input<typeof userAnswer>

/** `GET /users/{userId}`: what holds for a user and why, and what the reader may do about it (S3, S11). */
export async function showUser(visit: Visit): Promise<Outcome> {
  const { api, realm, params, caller, policy } = visit
  const userId = params['userId'] ?? ''
  const { body: user } = await api.ask('showUser', { path: { userId } })
  const own = `/users/${part(userId)}`
  const isAdministrator = caller.roles.has('tfa-admin')
  const { overridesCount } = policy.settings
  const view: View = {
    page: 'user',
    ...doneOf(visit),
    listUrl: visit.at('/users'),
    username: user.username,
    name: nameOf(user),
    email: user.email ?? '',
    enabled: user.enabled,
    ...(user.federation === null ? {} : { federation: user.federation }),
    ...(user.goneAt === null ? {} : { goneAt: whenOf(visit, user.goneAt) }),
    status: user.status,
    enforcement: user.enforcement,
    sentence: sentenceOf(visit, user),
    ...(user.override === null || !overridesCount
      ? {}
      : {
          byDefault: {
            enforcement: user.default.enforcement,
            sentence: sentenceOf(visit, user.default),
          },
        }),
    next: user.action.do,
    ...(user.action.do === 'enrol-later' ? { nextUntil: whenOf(visit, user.action.until) } : {}),
    ...(user.lockedUntil === null ? {} : { lockedUntil: whenOf(visit, user.lockedUntil) }),
    groups: user.groups.map(({ path }) => path),
    methods: user.methods.map((one) => methodOf(visit, own, one, user.mayAct)),
    ...(await devicesOf(visit, own, user.mayAct)),
    ...(isAdministrator && overridesCount && user.mayAct
      ? { override: { action: visit.at(`${own}/override`), options: optionsOf(visit, user) } }
      : {}),
    overridesOff: isAdministrator && !overridesCount,
    ...(user.mayAct && user.methods.length > 0 ? { resetUrl: visit.at(`${own}/reset`) } : {}),
    ...(user.mayAct && user.locked ? { unlockUrl: visit.at(`${own}/unlock`) } : {}),
    ...(await bypassOf(visit, own, user)),
    ...(user.mayNot === null ? {} : { mayNot: user.mayNot }),
    consoleUrl: `${consoleOf(realm)}/users/${part(userId)}/settings`,
    ...(sightOf(caller) === 'everybody' ? { audit: await auditOf(visit, userId) } : {}),
  }
  return { view }
}

function methodOf(
  visit: Visit,
  own: string,
  one: z.input<typeof userAnswer>['methods'][number],
  mayAct: boolean,
): Method {
  return {
    id: one.id,
    method: one.method,
    label: one.label ?? '',
    ...(one.synced === null ? {} : { synced: one.synced ? ('synced' as const) : ('bound' as const) }),
    createdAt: whenOf(visit, one.createdAt),
    ...(one.usedAt === null ? {} : { usedAt: whenOf(visit, one.usedAt) }),
    ...(mayAct ? { revokeUrl: visit.at(`${own}/methods/${part(one.id)}/revoke`) } : {}),
  }
}

async function devicesOf(
  visit: Visit,
  own: string,
  mayAct: boolean,
): Promise<Pick<View, 'devices' | 'revokeDevicesUrl'>> {
  const { body } = await visit.api.ask('listDevices', { path: { userId: visit.params['userId'] ?? '' } })
  const devices = body.devices.map((device) => ({
    name: deviceName(visit, device),
    createdAt: whenOf(visit, device.createdAt),
    usedAt: whenOf(visit, device.usedAt),
    expiresAt: whenOf(visit, device.expiresAt),
    ...(mayAct ? { revokeUrl: visit.at(`${own}/devices/${part(device.id)}/revoke`) } : {}),
  }))
  const several = mayAct && devices.length > 1
  return { devices, ...(several ? { revokeDevicesUrl: visit.at(`${own}/devices/revoke`) } : {}) }
}

/** The code that is outstanding, and what the reader may do about one. */
async function bypassOf(
  visit: Visit,
  own: string,
  { mayAct, methods, bypass }: Pick<Shown, 'mayAct' | 'methods' | 'bypass'>,
): Promise<{ bypass?: NonNullable<View['bypass']> }> {
  const { context, realm, policy } = visit
  const { registry } = context.kit()
  const standsAlone = methods.some(({ method }) => registry.get(method)?.companion !== true)
  const mayGive = mayAct && standsAlone && policy.settings.bypassSeconds > 0
  if (bypass === null && !mayGive) return {}
  const giver = bypass === null ? undefined : await context.admin.user(realm.name, bypass.by)
  return {
    bypass: {
      ...(bypass === null
        ? {}
        : {
            given: {
              by: giver?.user.username ?? bypass.by,
              at: whenOf(visit, bypass.at),
              until: whenOf(visit, bypass.until),
              reason: bypass.reason,
            },
          }),
      ...(mayGive ? { giveUrl: visit.at(`${own}/bypass`) } : {}),
      ...(mayAct && bypass !== null ? { takeBackUrl: visit.at(`${own}/bypass/take-back`) } : {}),
    },
  }
}

/** The default first, named by what it comes to. */
function optionsOf(
  { say, term }: Visit,
  user: { override: string | null; default: { enforcement: string } },
): Option[] {
  return [
    {
      value: 'default',
      label: say('user.backToDefault', term('enforcement', user.default.enforcement)),
      current: user.override === null,
    },
    ...['required', 'optional', 'disabled'].map((value) => ({
      value,
      label: term('enforcement', value),
      current: user.override === value,
    })),
  ]
}

async function auditOf(visit: Visit, userId: string): Promise<NonNullable<View['audit']>> {
  const query = { user: userId, max: String(LATEST) }
  const { body } = await visit.api.ask('listAudit', { query })
  return {
    rows: await auditRows(visit, body.entries, userId),
    allUrl: visit.at('/audit', { user: userId }),
  }
}
