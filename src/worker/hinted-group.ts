import { withSubgroups } from '../core/administration/authority.ts'
import type { DirectoryGroup } from '../core/sync/directory.ts'
import type { KeptHint, SeenGroup } from '../core/sync/sync-store.ts'
import type { SyncWarning } from '../core/sync/sync.ts'
import { dropGroup, lookForGroups } from './gone-groups.ts'
import { studyGroups, withWarnings } from './study.ts'
import type { Step, Tenure } from './tenure.ts'

/** Reads a group again: attributes, name, place. What lies below it moves with it. */
export async function hintedGroup(tenure: Tenure, hint: KeptHint): Promise<void> {
  const { realm, directory, store, read, kept } = tenure
  const groups = await store.groups(realm)
  const known = groups.find(({ id }) => id === hint.id)
  const group = await read(directory.group(hint.id))
  if (group === undefined) {
    await missed(tenure, hint, known, groups)
    return
  }
  const { step, changes, warnings } = await studyGroups(tenure, [group])
  const paths = newPaths(group, known, groups)
  const isMoved = known !== undefined && (known.parentId !== group.parentId || known.goneAt !== undefined)
  const more: Step['more'] = [
    ...(isKnown(group.parentId, groups) ? [] : [{ kind: 'group' as const, id: group.parentId ?? '' }]),
    // It may lie below a group that carries something now.
    ...(isMoved
      ? [...withSubgroups(groups, [group.id])].map((id) => ({ kind: 'members' as const, id }))
      : []),
  ]
  const isQuiet = changes === 0 && paths.length === 0
  const warned = (before: SyncWarning[]) => withWarnings(before, [group], warnings)
  await tenure.commit(
    { ...step, groups: { ...step.groups, paths }, done: [hint], more },
    {
      warnings: warned(kept.warnings),
      ...(isQuiet ? {} : { fingerprint: '', changes: kept.changes + changes + paths.length }),
    },
    { warnings: warned(kept.state.warnings) },
  )
}

/** Keycloak has no such group. What would take a Required rule with it, a pass asks about. */
async function missed(
  tenure: Tenure,
  hint: KeptHint,
  known: SeenGroup | undefined,
  groups: SeenGroup[],
): Promise<void> {
  if (known === undefined || known.goneAt !== undefined) {
    await tenure.commit({ done: [hint] })
    return
  }
  const [gone] = await lookForGroups(tenure, [known])
  if (gone === undefined || gone.rule?.enforcement === 'required') {
    await tenure.commit({ done: [hint], more: [{ kind: 'full', id: '' }] })
    return
  }
  await dropGroup(tenure, gone)
  const below = groups.filter(({ parentId, goneAt }) => parentId === known.id && goneAt === undefined)
  await tenure.commit(
    { done: [hint], more: below.map(({ id }) => ({ kind: 'group', id })) },
    { fingerprint: '' },
    { warnings: withWarnings(tenure.kept.state.warnings, [known], []) },
  )
}

/** The paths of what lies below a group that was renamed or moved. */
function newPaths(
  group: DirectoryGroup,
  known: SeenGroup | undefined,
  groups: SeenGroup[],
): { groupId: string; path: string }[] {
  if (known === undefined || known.path === group.path) return []
  const below = withSubgroups(groups, [group.id])
  below.delete(group.id)
  return groups
    .filter(({ id, path }) => below.has(id) && path.startsWith(`${known.path}/`))
    .map(({ id, path }) => ({ groupId: id, path: `${group.path}${path.slice(known.path.length)}` }))
}

function isKnown(parentId: string | undefined, groups: SeenGroup[]): boolean {
  return parentId === undefined || groups.some(({ id, goneAt }) => id === parentId && goneAt === undefined)
}
