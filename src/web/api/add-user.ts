import { z } from 'zod'
import { addedUser } from '../../core/administration/new-user.ts'
import type { NewUser } from '../../core/administration/new-user.ts'
import { numberLookup, numbersOf } from '../../core/number.ts'
import { needsPhone } from '../../core/policy/needs-phone.ts'
import type { Decision } from '../../core/policy/policy.ts'
import { standingOf } from '../../core/policy/standing.ts'
import { emailAddress } from '../../core/settings.ts'
import type { Answer, Call } from './endpoint.ts'
import { id, text } from './fields.ts'
import { followed } from './list-users.ts'
import { PHONE_FAULTS, idOf, phoneNeeded } from './new-user-faults.ts'
import { Problem, faulty } from './problem.ts'
import { blank } from './target.ts'
import { surroundingsOf } from './user-schemas.ts'

const name = (description: string) => text(255, description).trim().min(1)

export const newUserBody = z.strictObject({
  username: name('As Keycloak takes it.'),
  email: emailAddress.optional(),
  firstName: name('First name.').optional(),
  lastName: name('Last name.').optional(),
  phone: text(40, 'E.164, or national together with `country`.').optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code')
    .optional()
    .meta({ description: 'The country of a national number.' }),
  groups: z.array(id).max(20).default([]).meta({ description: 'Groups to join, by id.' }),
  invite: z
    .boolean()
    .default(false)
    .meta({ description: "Have Keycloak's mail sent that asks for a password and a second factor." }),
})

export const newUserAnswer = z
  .strictObject({
    id: z.string(),
    username: z.string(),
    phone: z.enum(['none', 'stored', 'dropped']).meta({
      description: '`dropped`: the profile in Keycloak knows no attribute for it; run "latchkey setup".',
    }),
    invitation: z.enum(['not-asked', 'sent', 'forbidden', 'failed']).meta({
      description: '`forbidden`: your roles in Keycloak do not let you. `failed`: Keycloak can send no mail.',
    }),
  })
  .meta({ id: 'NewUser' })

type Body = z.output<typeof newUserBody>

/** Adds a user in Keycloak, with the caller's own token (S6). What Keycloak refuses is refused here, in plain words. */
export async function addUser(
  call: Call<unknown, unknown, Body>,
): Promise<Answer<z.input<typeof newUserAnswer>>> {
  const { context, realm, directory, caller, body, by } = call
  const maker = context.userMakerOf(realm)
  const phone = phoneOf(call)
  if (body.invite && body.email === undefined) {
    throw faulty([{ path: 'body.email', message: 'must be given for an invitation', code: 'email-needed' }])
  }
  const { chosen, groups } = await groupsOf(call)
  const newcomer = { id: '', username: body.username, firstName: undefined, lastName: undefined }
  const around = surroundingsOf(call)
  const decision = standingOf(
    { ...blank({ ...newcomer, email: undefined, enabled: true, federation: undefined }), groups },
    call.policy,
    // What can't be sent at the moment is what the policy leaves them all the same.
    { ...around, unavailable: () => new Set() },
  )
  if (phone === undefined && needsPhone(decision, around.registry)) throw phoneNeeded(decision)
  const token = await caller.accessToken()
  if (token === undefined) throw new Problem('unavailable', 'Keycloak ended your session: sign in again')

  const { email, firstName, lastName, username } = body
  const user: NewUser = {
    username,
    email,
    firstName,
    lastName,
    phone,
    groups: chosen.map(({ path }) => path),
  }
  const userId = idOf(await maker.add(user, token))
  // As Keycloak keeps them: a profile that does not know the number's attribute has dropped it, and says nothing.
  const read = await directory.user(userId).catch(() => undefined)
  const isDropped = phone !== undefined && read !== undefined && read.phone !== phone
  const kept = { ...user, username: read?.username ?? username, phone: isDropped ? undefined : phone }
  await context.admin.commit(
    addedUser(realm.name, userId, kept, await toldOf(call, kept, chosen, decision), by),
  )
  return {
    body: {
      id: userId,
      username: kept.username,
      phone: phone === undefined ? 'none' : isDropped ? 'dropped' : 'stored',
      invitation: body.invite ? await maker.invite(userId, token) : 'not-asked',
    },
  }
}

/** What lists and the audit are told of a user whom Keycloak has now. */
async function toldOf(
  call: Call,
  { phone }: NewUser,
  chosen: readonly { id: string }[],
  { enforcement }: Decision,
): Promise<Parameters<typeof addedUser>[3]> {
  const kit = call.context.kit()
  const isFollowed = followed(call, await call.groups())
  return {
    maskedPhone: phone === undefined ? undefined : numbersOf(kit.registry)?.mask(phone),
    groupIds: chosen.map((one) => one.id).filter((one) => isFollowed.has(one)),
    comesTo: enforcement,
    lookup: phone === undefined ? undefined : numberLookup(call.realm.name, phone, kit),
  }
}

/** @throws Problem bad-request */
function phoneOf({ context, policy, body }: Call<unknown, unknown, Body>): string | undefined {
  const { phone = '', country = '' } = body
  if (phone.trim() === '') return undefined
  const read = numbersOf(context.kit().registry)?.read({ country, phone }, policy.settings)
  if (read?.ok === true) return read.phone
  const code = read?.error ?? 'phone-malformed'
  throw faulty([{ path: 'body.phone', message: PHONE_FAULTS[code], code }])
}

/** The groups to join, and all that this puts the user in, as Keycloak has them now. @throws Problem bad-request */
async function groupsOf({ directory, body }: Call<unknown, unknown, Body>) {
  const chosen: { id: string; path: string }[] = []
  const groups = new Map<string, { id: string; path: string }>()
  for (const wanted of new Set(body.groups)) {
    const found = await directory.group(wanted)
    if (found === undefined) {
      throw faulty([
        {
          path: 'body.groups',
          message: `must be groups of Keycloak: it has no ${wanted}`,
          code: 'group-unknown',
        },
      ])
    }
    chosen.push({ id: found.id, path: found.path })
    for (let at: typeof found | undefined = found; at !== undefined && !groups.has(at.id);) {
      groups.set(at.id, { id: at.id, path: at.path })
      at = at.parentId === undefined ? undefined : await directory.group(at.parentId)
    }
  }
  return { chosen, groups: [...groups.values()] }
}
