import type { DirectoryUser } from '../core/sync/directory.ts'
import type { Tenure } from './tenure.ts'

/** How many others are asked for before it is taken that nobody reads. */
const ASKED = 5

/**
 * Whether another user whom Keycloak had reads at this moment: of the same federation where the user has one, unless a
 * person has confirmed what this is asked for. Without one, that nobody is found says nothing.
 */
export async function othersRead(
  tenure: Tenure,
  { federation }: Pick<DirectoryUser, 'federation'>,
  options: { except: ReadonlySet<string>; confirmed?: boolean },
): Promise<boolean> {
  const of = options.confirmed === true ? undefined : federation
  const ids = await tenure.store.witnesses(tenure.realm, of, ASKED + options.except.size)
  for (const id of ids.filter((one) => !options.except.has(one)).slice(0, ASKED)) {
    if ((await tenure.read(tenure.directory.user(id))) !== undefined) return true
  }
  return false
}

/** The same for groups: another group reads, or a user does where there is no other. */
export async function otherGroupsRead(tenure: Tenure, except: ReadonlySet<string>): Promise<boolean> {
  const groups = (await tenure.store.groups(tenure.realm))
    .filter(({ id, goneAt }) => goneAt === undefined && !except.has(id))
    .toSorted((a, b) => b.pass - a.pass)
  for (const { id } of groups.slice(0, ASKED)) {
    if ((await tenure.read(tenure.directory.group(id))) !== undefined) return true
  }
  return await othersRead(tenure, { federation: undefined }, { except: new Set() })
}
