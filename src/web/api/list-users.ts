import { z } from 'zod'
import type { KnownGroup } from '../../core/administration/administration.ts'
import { sightOf, withSubgroups } from '../../core/administration/authority.ts'
import { numberLookups, numbersOf } from '../../core/number.ts'
import type { Answer, Call } from './endpoint.ts'
import { enforcement, id, page, paging, pagingInBody, present, search, text } from './fields.ts'
import { Problem } from './problem.ts'
import { toListed, userListed, userStatus } from './user-schemas.ts'

const narrowing = {
  status: userStatus.optional(),
  enforcement: enforcement.optional().meta({ description: 'As the worker found it last.' }),
  method: id.optional().meta({ description: 'Users who have this method.' }),
  group: id.optional().meta({ description: 'Members of this group or of one below it.' }),
}

export const usersQuery = z.strictObject({ search: search.optional(), ...narrowing, ...paging })

export const searchBody = z.strictObject({
  search: text(
    200,
    'Part of a name, whatever its case, or a whole phone number in any usual way of writing it.',
  ),
  ...narrowing,
  ...pagingInBody,
})

export const usersAnswer = z.strictObject({ users: z.array(userListed), ...page })

/** The realm's users, by name; for who manages groups, those below them. */
export async function listUsers(
  call: Call<unknown, z.output<typeof usersQuery>>,
): Promise<Answer<z.input<typeof usersAnswer>>> {
  return await listed(call, call.query)
}

/**
 * As `listUsers`; who has the number that is searched for is found, too. A number has no place in an address (R23), so it
 * comes in a body.
 */
export async function searchUsers(
  call: Call<unknown, unknown, z.output<typeof searchBody>>,
): Promise<Answer<z.input<typeof usersAnswer>>> {
  const { realm, body } = call
  const kit = call.context.kit()
  const number = numberIn(call, body.search)
  return await listed(call, body, number === undefined ? [] : numberLookups(realm.name, number, kit))
}

/** The whole number that a search is for, E.164; undefined where it is for something else. */
export function numberIn(
  { context, policy }: Pick<Call, 'context' | 'policy'>,
  words: string,
): string | undefined {
  return numbersOf(context.kit().registry)?.find(words, policy.settings)
}

async function listed(
  call: Call,
  query: z.output<typeof usersQuery>,
  lookups: string[] = [],
): Promise<Answer<z.input<typeof usersAnswer>>> {
  const { context, realm } = call
  const { group, ...rest } = query
  const groupIds = await groupsAsked(call, group)
  const found = await context.admin.users(realm.name, { ...present(rest), lookups, ...present({ groupIds }) })
  const { first, max } = query
  return {
    body: { users: found.users.map((record) => toListed(call, record)), first, max, total: found.total },
  }
}

/** The groups to whose members the list is narrowed; undefined where it is not. */
async function groupsAsked(call: Call, group: string | undefined): Promise<string[] | undefined> {
  const { caller } = call
  const own = sightOf(caller) === 'managed' ? caller.manages : undefined
  if (group === undefined) return own && [...own]
  const groups = await call.groups()
  const asked = withSubgroups(groups, [group])
  if (own !== undefined) return [...asked].filter((one) => own.has(one))
  if (!followed(call, groups).has(group)) {
    throw new Problem(
      'membership-unknown',
      'members are followed only of groups with a rule, a proposal or managers, and those below them: give it one, or look in Keycloak',
    )
  }
  return [...asked]
}

/** The groups whose members the worker follows. */
export function followed({ policy }: Pick<Call, 'policy'>, groups: readonly KnownGroup[]): Set<string> {
  const managed = groups.filter(({ managers }) => managers.length > 0).map(({ id: groupId }) => groupId)
  const carrying = [...policy.rules, ...policy.proposals].map(({ groupId }) => groupId)
  return withSubgroups(groups, [...managed, ...carrying])
}
