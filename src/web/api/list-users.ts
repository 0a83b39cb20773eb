import { z } from 'zod'
import type { KnownGroup } from '../../core/administration/administration.ts'
import { sightOf, withSubgroups } from '../../core/administration/authority.ts'
import type { Answer, Call } from './endpoint.ts'
import { enforcement, id, page, paging, present, search } from './fields.ts'
import { Problem } from './problem.ts'
import { toListed, userListed, userStatus } from './user-schemas.ts'

export const usersQuery = z.strictObject({
  search: search.optional(),
  status: userStatus.optional(),
  enforcement: enforcement.optional().meta({ description: 'As the worker found it last.' }),
  method: id.optional().meta({ description: 'Users who have this method.' }),
  group: id.optional().meta({ description: 'Members of this group or of one below it.' }),
  ...paging,
})

export const usersAnswer = z.strictObject({ users: z.array(userListed), ...page })

/** The realm's users, by name; for who manages groups, those below them. */
export async function listUsers(
  call: Call<unknown, z.output<typeof usersQuery>>,
): Promise<Answer<z.input<typeof usersAnswer>>> {
  const { context, realm, query } = call
  const { group, ...rest } = query
  const groupIds = await groupsAsked(call, group)
  const found = await context.admin.users(realm.name, { ...present(rest), ...present({ groupIds }) })
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
