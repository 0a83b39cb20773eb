import { DirectoryError } from '../core/sync/directory.ts'
import type { KeptHint } from '../core/sync/sync-store.ts'
import { withSubgroups } from '../core/administration/authority.ts'
import { hintedDeletion } from './hinted-deletion.ts'
import { hintedGroup } from './hinted-group.ts'
import { hintedUser } from './hinted-user.ts'
import { readMembers } from './members.ts'
import { refreshSome } from './standings.ts'
import { studyMembers } from './study.ts'
import { TenureOver } from './tenure.ts'
import type { Tenure } from './tenure.ts'

/** Hints that are dealt with at once. */
const BATCH = 100
/** How long a hint is put aside that Keycloak fails at while it answers others, milliseconds. */
const ASIDE = 60_000

/** Hints that are put aside, each as it was read, until when, epoch milliseconds: one that comes again is a new one. */
export type Aside = Map<string, number>

/** Of what is to be done, the changes that Keycloak told of, groups first: a user's memberships rest on them. */
export function dueHints(hints: readonly KeptHint[], aside: Aside, now: number): KeptHint[] {
  const order: KeptHint['kind'][] = ['group', 'members', 'user', 'deleted']
  return hints
    .filter(({ kind }) => order.includes(kind))
    .filter((hint) => (aside.get(keyOf(hint)) ?? 0) <= now)
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .slice(0, BATCH)
}

/**
 * Reads again what hints name.
 * @throws DirectoryError where Keycloak fails altogether: the hints stay
 */
export async function followHints(tenure: Tenure, hints: KeptHint[], aside: Aside): Promise<void> {
  for (const [key, until] of aside) if (until <= tenure.now()) aside.delete(key)
  const people = new Set<string>()
  let failure: DirectoryError | undefined
  const named = new Set(hints.filter(({ kind }) => kind === 'user').map(({ id }) => id))
  for (const hint of hints) {
    try {
      if (hint.kind === 'group') await hintedGroup(tenure, hint)
      else if (hint.kind === 'members') await hintedMembers(tenure, hint)
      else if (hint.kind === 'deleted') await hintedDeletion(tenure, hint)
      else if (await hintedUser(tenure, hint, named)) people.add(hint.id)
    } catch (error) {
      if (error instanceof TenureOver) throw error
      if (!(error instanceof DirectoryError)) {
        tenure.log.error({ realm: tenure.realm, err: error, kind: hint.kind }, 'a hint could not be followed')
      } else if (await fails(tenure, error)) {
        failure = error
        break
      }
      // One that fails must not hold up the others.
      aside.set(keyOf(hint), tenure.now() + ASIDE)
    }
  }
  await refreshSome(tenure, people)
  if (failure !== undefined) throw failure
}

/** Whether Keycloak fails altogether, and not at one thing alone. */
async function fails({ read, directory }: Tenure, error: DirectoryError): Promise<boolean> {
  if (error.reason === 'refused') return true
  return !(await read(directory.readsItself().catch(() => false)))
}

/** Members of a group that carries something since just now. Those who are not in it any more are for a pass to find. */
async function hintedMembers(tenure: Tenure, hint: KeptHint): Promise<void> {
  const groups = await tenure.store.groups(tenure.realm)
  if (withSubgroups(groups, tenure.kept.roots).has(hint.id)) {
    await readMembers(
      tenure,
      [hint.id],
      async ({ members }) => await tenure.commit((await studyMembers(tenure, hint.id, members)).step),
      async () => {},
    )
  }
  // Lists are made anew.
  await tenure.commit({ done: [hint] }, { fingerprint: '' })
}

function keyOf({ kind, id, at }: KeptHint): string {
  return `${kind} ${id} ${at}`
}
