import type { DirectoryUser } from '../core/sync/directory.ts'
import { readAhead } from './read-ahead.ts'
import { PAGE, slicesOf } from './slices.ts'
import type { Tenure } from './tenure.ts'

/** Some members of a group. */
export interface MembersSlice {
  groupId: string
  members: DirectoryUser[]
  /** Whether the group has no more than these. */
  isLast: boolean
}

/**
 * Reads the members of groups, in their order, in slices that are written at once; of a group that is not there or has
 * none, one without members.
 * @param between done between two pages
 */
export async function readMembers(
  tenure: Tenure,
  groupIds: readonly string[],
  write: (slice: MembersSlice) => Promise<void>,
  between: () => Promise<void>,
): Promise<void> {
  // Keycloak may find some of a federation's users invalid while it lists them: a short page need not be the last.
  const isFederated = await tenure.store.federated(tenure.realm)
  const groupAt = (index: number) => groupIds[index] ?? ''
  const isEnd = (page: readonly DirectoryUser[]) => page.length === 0 || (page.length < PAGE && !isFederated)
  await readAhead<{ index: number; first: number }>(
    tenure,
    groupIds.length === 0 ? undefined : { index: 0, first: 0 },
    {
      ask: async ({ index, first }) => (await tenure.directory.members(groupAt(index), first, PAGE)) ?? [],
      after({ index, first }, page) {
        if (!isEnd(page)) return { index, first: first + page.length }
        return index + 1 < groupIds.length ? { index: index + 1, first: 0 } : undefined
      },
      async write({ index }, page) {
        for await (const { slice, isLast } of slicesOf(page)) {
          await write({ groupId: groupAt(index), members: slice, isLast: isLast && isEnd(page) })
        }
      },
    },
    between,
  )
}
