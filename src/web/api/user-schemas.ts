import { z } from 'zod'
import type { MethodSummary, UserRecord } from '../../core/administration/administration.ts'
import type { Registry } from '../../core/method.ts'
import { explain } from '../../core/policy/explain.ts'
import type { Action, Because, Decision, DefaultBecause } from '../../core/policy/policy.ts'
import { standingOf } from '../../core/policy/standing.ts'
import type { Surroundings } from '../../core/policy/standing.ts'
import { statusOf } from '../../core/policy/status.ts'
import type { Call } from './endpoint.ts'
import { enforcement, id, iso, isoOrNull, moment } from './fields.ts'

export const userParams = z.strictObject({ userId: id.meta({ description: "The user's id in Keycloak." }) })
export const methodParams = userParams.extend({
  methodId: id.meta({ description: 'The id of a method of this user, as lists have it.' }),
})

export const userStatus = z.enum(['enrolled', 'required-not-enrolled', 'not-enrolled', 'locked', 'exempt'])

const graceEnd = moment.optional().meta({ description: 'Until when the set-up can be put off.' })
const byDefault = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('group'), groupId: z.string(), path: z.string(), grace: graceEnd }),
  z.strictObject({ rule: z.literal('realm'), grace: graceEnd }),
])

const because = z
  .discriminatedUnion('rule', [
    ...byDefault.options,
    z.strictObject({ rule: z.literal('role'), role: z.string() }),
    z.strictObject({
      rule: z.literal('override'),
      instead: z
        .strictObject({ enforcement, because: byDefault })
        .meta({ description: 'What would count without it.' }),
    }),
    z.strictObject({ rule: z.literal('level'), level: z.int() }),
    z.strictObject({ rule: z.literal('purpose'), purpose: z.enum(['manage', 'enrol']) }),
  ])
  .meta({ id: 'Because' })

/** What the policy says, and why. */
const verdict = {
  enforcement,
  because,
  sentence: z.string().meta({ description: 'The same words as in the audit and the pages.' }),
}

export const methodAnswer = z
  .strictObject({
    id: z.string(),
    method: z.string(),
    label: z.string().nullable().meta({ description: 'What the user called it.' }),
    createdAt: moment,
    usedAt: moment.nullable(),
  })
  .meta({ id: 'Method', description: 'An enrolled method: never its secret, nor a number.' })

const listed = {
  id: z.string(),
  username: z.string(),
  firstName: z.string().nullable(),
  lastName: z.string().nullable(),
  email: z.string().nullable(),
  enabled: z.boolean(),
  federation: z.string().nullable().meta({ description: 'The user federation that it comes from.' }),
  goneAt: moment.nullable().meta({ description: 'Since when Keycloak does not know it any more.' }),
  ...verdict,
  status: userStatus,
  locked: z.boolean(),
  lockedUntil: moment.nullable(),
  methods: z.array(methodAnswer),
}

export const userListed = z.strictObject(listed).meta({ id: 'UserListed' })

export const standingAnswer = z
  .strictObject({
    override: enforcement.nullable(),
    ...verdict,
    default: z
      .strictObject(verdict)
      .meta({ description: 'What would count without the override, and where that comes from.' }),
  })
  .meta({ id: 'Standing' })

export const userAnswer = z
  .strictObject({
    ...listed,
    groups: z
      .array(z.strictObject({ id: z.string(), path: z.string() }))
      .meta({ description: 'The groups that the policy knows of, and their ancestors.' }),
    methods: z.array(
      methodAnswer
        .extend({
          synced: z
            .boolean()
            .nullable()
            .meta({ description: 'Of a passkey: whether it may be on other devices, too. Else null.' }),
        })
        .meta({ id: 'UserMethod', description: 'An enrolled method of a user that is shown alone.' }),
    ),
    override: standingAnswer.shape.override,
    default: standingAnswer.shape.default,
    action: z
      .discriminatedUnion('do', [
        z.strictObject({ do: z.literal('skip') }),
        z.strictObject({ do: z.literal('challenge'), then: z.enum(['done', 'enrol']) }),
        z.strictObject({ do: z.literal('enrol') }),
        z.strictObject({ do: z.literal('enrol-by-link') }),
        z.strictObject({ do: z.literal('enrol-later'), until: moment }),
        z.strictObject({
          do: z.literal('blocked'),
          reason: z.enum([
            'no-method-allowed',
            'must-be-reset',
            'unreadable',
            'not-by-yourself',
            'not-invited',
            'no-address',
            'no-mail-server',
          ]),
        }),
      ])
      .meta({ description: 'What an ordinary login of this user would come to now.' }),
    bypass: z
      .strictObject({
        by: z.string().meta({ description: 'The id of who gave it.' }),
        at: moment,
        until: moment,
        reason: z.string(),
      })
      .nullable()
      .meta({
        description: 'The one-time code of the help desk that is outstanding; the code itself is nowhere.',
      }),
    mayAct: z
      .boolean()
      .meta({ description: 'Whether you may revoke, reset, unlock and give a one-time code here.' }),
    mayNot: z
      .enum(['forbidden', 'own-account', 'protected-account', 'roles-unknown', 'unavailable'])
      .nullable()
      .meta({ description: 'Why you may not.' }),
  })
  .meta({ id: 'User' })

function verdictOf({ enforcement: comesTo, because: why }: Decision) {
  return { enforcement: comesTo, because: toBecause(why), sentence: explain(comesTo, why) }
}

/** Times as answers have them. */
function toBecause(why: Because): z.input<typeof because> {
  if (why.rule !== 'override') return isDefault(why) ? toDefault(why) : why
  const { instead } = why
  return { rule: 'override', instead: { ...instead, because: toDefault(instead.because) } }
}

function isDefault(why: Because): why is DefaultBecause {
  return why.rule === 'group' || why.rule === 'realm'
}

function toDefault(why: DefaultBecause): z.input<typeof byDefault> {
  const grace = why.grace === undefined ? {} : { grace: iso(why.grace) }
  return why.rule === 'realm'
    ? { rule: 'realm', ...grace }
    : { rule: 'group', groupId: why.groupId, path: why.path, ...grace }
}

export function toAction(action: Action): z.input<typeof userAnswer>['action'] {
  return action.do === 'enrol-later' ? { ...action, until: iso(action.until) } : action
}

/** A code of the help desk that can still be used. */
export function toBypass({ bypass }: UserRecord, now: number): z.input<typeof userAnswer>['bypass'] {
  if (bypass === undefined || bypass.expiresAt <= now) return null
  return { by: bypass.by, at: iso(bypass.at), until: iso(bypass.expiresAt), reason: bypass.reason }
}

/** What the pure functions of the core are given. */
export function surroundingsOf({ context }: Pick<Call, 'context'>): Surroundings {
  const { registry, unavailable, now } = context.kit()
  return { registry, unavailable, now }
}

export function toMethod(one: MethodSummary): z.input<typeof methodAnswer> {
  const { id: methodId, method, label, createdAt, usedAt } = one
  return {
    id: methodId,
    method,
    label: label ?? null,
    createdAt: iso(createdAt),
    usedAt: isoOrNull(usedAt),
  }
}

/** In the order of the registry, so that what stands alone comes before what stands beside it; then by age. */
export function inOrder(methods: readonly MethodSummary[], registry: Registry): MethodSummary[] {
  const ids = [...registry.keys()]
  return methods.toSorted(
    (a, b) => ids.indexOf(a.method) - ids.indexOf(b.method) || a.createdAt - b.createdAt,
  )
}

export function toStanding(call: Call, record: UserRecord): z.input<typeof standingAnswer> {
  const around = surroundingsOf(call)
  return {
    override: record.override ?? null,
    ...verdictOf(standingOf(record, call.policy, around)),
    default: verdictOf(standingOf({ ...record, override: undefined }, call.policy, around)),
  }
}

export function toListed(call: Call, record: UserRecord): z.input<typeof userListed> {
  const { user, methods, lockedUntil, goneAt } = record
  const around = surroundingsOf(call)
  const decision = standingOf(record, call.policy, around)
  const locked = lockedUntil > around.now
  return {
    id: user.id,
    username: user.username,
    firstName: user.firstName ?? null,
    lastName: user.lastName ?? null,
    email: user.email ?? null,
    enabled: user.enabled,
    federation: user.federation ?? null,
    goneAt: isoOrNull(goneAt),
    ...verdictOf(decision),
    status: statusOf(record, decision.enforcement, around.registry, around.now),
    locked,
    lockedUntil: locked ? iso(lockedUntil) : null,
    methods: inOrder(methods, around.registry).map(toMethod),
  }
}
