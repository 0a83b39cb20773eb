import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { UserRecord } from '../../core/administration/administration.ts'
import { explain } from '../../core/policy/explain.ts'
import type { Rule } from '../../core/policy/policy.ts'
import type { SettingsPatch } from '../../core/administration/policy-input.ts'
import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import { changedPolicy, countEffects, NO_EFFECTS, whatIf } from '../../core/policy/what-if.ts'
import type { Effect } from '../../core/policy/what-if.ts'
import { patched } from './change-settings.ts'
import type { Answer, Call } from './endpoint.ts'
import { enforcement, id, paging, present } from './fields.ts'
import { liveMembers, withGroups } from './live-members.ts'
import { blank } from './target.ts'
import { surroundingsOf } from './user-schemas.ts'

/** Users that are looked at before other requests get their turn. */
const BATCH = 250
/** Rules, or overrides, of one change. */
const MOST = 1_000

/** A change of the policy that is not made; `rule` is a rule's schema, and `patch` that of settings. */
export function changeBody(
  rule: z.ZodObject<Record<string, z.ZodType>>,
  patch: z.ZodType<SettingsPatch>,
): z.ZodType<TriedChange> {
  return z.strictObject({
    settings: patch.optional(),
    rules: z
      .strictObject({
        save: z
          .array(rule.extend({ groupId: id }))
          .max(MOST)
          .optional(),
        remove: z.array(id).max(MOST).optional(),
      })
      .optional(),
    overrides: z
      .array(
        z.strictObject({
          userId: id,
          enforcement: enforcement.nullable().meta({ description: 'null: back to the default.' }),
        }),
      )
      .max(MOST)
      .optional(),
  }) as unknown as z.ZodType<TriedChange>
}

interface TriedChange {
  settings?: SettingsPatch
  rules?: { save?: Rule[]; remove?: string[] }
  overrides?: { userId: string; enforcement: RealmSettings['enforcement'] | null }[]
}

export const changeQuery = z.strictObject(paging)

const NAMES = {
  'newly-asked': 'newlyAsked',
  'must-set-up': 'mustSetUp',
  'in-grace': 'inGrace',
  blocked: 'blocked',
  'no-longer-asked': 'noLongerAsked',
} as const satisfies Record<Effect, string>
const EFFECTS = Object.keys(NAMES) as Effect[]

const touched = z.array(
  z
    .strictObject({ id: z.string(), username: z.string(), before: z.string(), after: z.string() })
    .meta({ id: 'Touched', description: 'A user, with the sentence of now and that of afterwards.' }),
)
const count = z.int().meta({ description: 'How many users.' })

export const changeAnswer = z.strictObject({
  counts: z.strictObject({
    users: count,
    unchanged: count,
    newlyAsked: count.meta({ description: 'Their login goes on now without a second factor.' }),
    mustSetUp: count.meta({ description: 'They would have to set a method up.' }),
    inGrace: count.meta({ description: 'They could put it off for a while.' }),
    blocked: count.meta({ description: 'Their login would end without a way on.' }),
    noLongerAsked: count.meta({ description: 'Their login would go on without a second factor.' }),
  }),
  lists: z
    .strictObject({
      newlyAsked: touched,
      mustSetUp: touched,
      inGrace: touched,
      blocked: touched,
      noLongerAsked: touched,
    })
    .meta({ description: 'Who they are, by name; of each list the part that was asked for.' }),
  first: z.int(),
  max: z.int(),
})

type Result = z.input<typeof changeAnswer>

/** Who would be asked, and who not any more, if a change were made: nothing is written (B1). */
export async function tryChange(
  call: Call<unknown, z.output<typeof changeQuery>, TriedChange>,
): Promise<Answer<Result>> {
  const { policy, body } = call
  const { first, max } = call.query
  const changed = changedPolicy(policy, {
    ...(body.settings === undefined ? {} : { settings: settingsAfter(call, body.settings) }),
    ...(body.rules === undefined ? {} : { rules: rulesOf(body.rules) }),
    overrides: (body.overrides ?? []).map(({ userId, enforcement: next }) => ({
      userId,
      enforcement: next ?? undefined,
    })),
  })
  const around = surroundingsOf(call)
  let counts = NO_EFFECTS
  let [users, unchanged] = [0, 0]
  const lists: Result['lists'] = {
    newlyAsked: [],
    mustSetUp: [],
    inGrace: [],
    blocked: [],
    noLongerAsked: [],
  }
  for await (const person of everybody(call)) {
    const { before, after, effects } = whatIf(person, policy, changed, around)
    for (const effect of effects) {
      if (counts[effect] < first || counts[effect] >= first + max) continue
      lists[NAMES[effect]].push({
        id: person.user.id,
        username: person.user.username,
        before: explain(before.enforcement, before.because),
        after: explain(after.enforcement, after.because),
      })
    }
    counts = countEffects(counts, effects)
    users += 1
    if (effects.length === 0) unchanged += 1
    if (users % BATCH === 0) await setImmediate()
  }
  const named = Object.fromEntries(EFFECTS.map((effect) => [NAMES[effect], counts[effect]]))
  return {
    body: { counts: { users, unchanged, ...named } as Result['counts'], lists, first, max },
  }
}

/** All of them, so that an optional one that goes is gone. */
function settingsAfter({ policy }: Call, patch: SettingsPatch): Partial<RealmSettings> {
  const none = Object.fromEntries(Object.keys(policy.settings).map((name) => [name, undefined]))
  return { ...none, ...realmSettings.parse(patched(policy, patch, 'body.settings')) }
}

function rulesOf({ save = [], remove = [] }: NonNullable<TriedChange['rules']>) {
  return { save: save.map((rule) => present(rule)), remove }
}

/** Everybody whom the worker knows, by name, and after them whom only Keycloak knows of in groups read just now. */
async function* everybody(call: Call<unknown, unknown, TriedChange>): AsyncIterable<UserRecord> {
  const { admin } = call.context
  const asked = (call.body.rules?.save ?? []).map(({ groupId }) => groupId)
  const live = await liveMembers(call, asked)
  for await (const page of admin.everybody(call.realm.name)) {
    for (const record of page) {
      const known = live.get(record.user.id)
      yield known === undefined ? record : withGroups(record, known.groups)
      live.delete(record.user.id)
    }
  }
  for (const { user, groups } of live.values()) {
    const record = (await admin.user(call.realm.name, user.id)) ?? blank(user)
    yield withGroups({ ...record, user }, groups)
  }
}
