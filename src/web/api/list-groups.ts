import { z } from 'zod'
import type { Answer, Call } from './endpoint.ts'
import { page, paging, search } from './fields.ts'

export const groupsQuery = z.strictObject({ search: search.optional(), ...paging })

export const groupsAnswer = z.strictObject({
  groups: z.array(
    z
      .strictObject({
        id: z.string(),
        parentId: z.string().nullable(),
        name: z.string(),
        path: z.string(),
        managers: z
          .array(z.string())
          .meta({ description: 'Ids of the users who look after its members and those of its subgroups.' }),
        hasRule: z.boolean(),
        hasProposal: z.boolean(),
      })
      .meta({ id: 'Group' }),
  ),
  ...page,
})

/** The groups that the worker knows, by path. */
export async function listGroups(
  call: Call<unknown, z.output<typeof groupsQuery>>,
): Promise<Answer<z.input<typeof groupsAnswer>>> {
  const { first, max, search: wanted = '' } = call.query
  const text = wanted.trim().toLowerCase()
  const found = (await call.groups()).filter(({ path }) => path.toLowerCase().includes(text))
  const having = (rules: readonly { groupId: string }[]) => new Set(rules.map(({ groupId }) => groupId))
  const [ruled, proposed] = [having(call.policy.rules), having(call.policy.proposals)]
  const groups = found.slice(first, first + max).map(({ id, parentId, name, path, managers }) => ({
    id,
    parentId: parentId ?? null,
    name,
    path,
    managers,
    hasRule: ruled.has(id),
    hasProposal: proposed.has(id),
  }))
  return { body: { groups, first, max, total: found.length } }
}
