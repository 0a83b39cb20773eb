import { WORKER } from '../core/audit/audit.ts'
import { entryBy } from '../core/administration/changes.ts'
import type { DirectoryUser } from '../core/sync/directory.ts'
import type { KnownUser } from '../core/sync/sync-store.ts'
import { allowance } from './drops.ts'
import { studyUsers } from './study.ts'
import type { Tenure } from './tenure.ts'
import { othersRead } from './witness.ts'

/** Users who are looked for one by one before anything of it is written. */
const BATCH = 50

/** How many users may still go before a pass has to go through. */
export async function leftToDrop(tenure: Tenure): Promise<number> {
  const { dropped, pass } = tenure.kept
  const { seen, missing } = await tenure.store.counts(tenure.realm, pass)
  return allowance(seen + missing + dropped) - dropped
}

/** These users are gone: their credentials become tombstones. */
export async function dropUsers(tenure: Tenure, gone: KnownUser[], counted: boolean): Promise<void> {
  for (let from = 0; from < gone.length; from += BATCH) {
    const batch = gone.slice(from, from + BATCH)
    const by = { actor: WORKER, at: tenure.now() }
    await tenure.commit(
      {
        users: { gone: batch.map(({ user }) => user.id) },
        audit: batch.map(({ user: { id: userId, username } }) =>
          entryBy(by, { event: 'user.gone', realm: tenure.realm, userId, detail: { username } }),
        ),
      },
      {
        changes: tenure.kept.changes + batch.length,
        dropped: tenure.kept.dropped + (counted ? batch.length : 0),
      },
    )
  }
}

/**
 * Looks for every user whom the pass did not see, and drops those whom Keycloak has no more: no more of them than may
 * go, or those whose drop was confirmed. Gives how many wait to be confirmed; of those, none is dropped.
 */
export async function dropMissing(tenure: Tenure, between: () => Promise<void>): Promise<number> {
  const { store, realm } = tenure
  const { pass, confirmed } = tenure.kept
  const { missing } = await store.counts(realm, pass)
  const left = await leftToDrop(tenure)
  const candidates: KnownUser[] = []
  let looked = 0
  let after = ''
  // What is over the limit is asked about anyway, and need not be looked for, unless some of it may go.
  const isEnough = () => confirmed === undefined && candidates.length > left
  while (!isEnough()) {
    const batch = await store.missing(realm, pass, after, BATCH)
    const last = batch.at(-1)
    if (last === undefined) break
    after = last.user.id
    looked += batch.length
    const { here, gone } = await lookFor(tenure, batch)
    const { step, changes } = await studyUsers(tenure, here)
    await tenure.commit(step, { changes: tenure.kept.changes + changes })
    const wanted = gone.filter((one) => confirmed !== undefined && one.pass < confirmed)
    const others = { except: idsOf(gone), confirmed: true }
    if (wanted.length > 0 && (await othersRead(tenure, { federation: undefined }, others))) {
      await dropUsers(tenure, wanted, false)
      candidates.push(...gone.filter((one) => !wanted.includes(one)))
    } else candidates.push(...gone)
    await between()
  }
  // Hints came between: some of them may be back, or gone already.
  const still = (await store.users(realm, [...idsOf(candidates)])).filter(
    (one) => one.goneAt === undefined && one.pass < pass,
  )
  if (still.length > (await leftToDrop(tenure))) return still.length + Math.max(0, missing - looked)
  const witnessed = await withWitness(tenure, still)
  await dropUsers(tenure, witnessed, true)
  return still.length - witnessed.length
}

/** Those of a federation where somebody else still reads. */
async function withWitness(tenure: Tenure, gone: KnownUser[]): Promise<KnownUser[]> {
  const except = idsOf(gone)
  const found: KnownUser[] = []
  for (const [federation, users] of Map.groupBy(gone, ({ user }) => user.federation)) {
    if (await othersRead(tenure, { federation }, { except })) found.push(...users)
  }
  return found
}

async function lookFor({ read, directory }: Tenure, batch: KnownUser[]) {
  const here: DirectoryUser[] = []
  const gone: KnownUser[] = []
  for (const one of batch) {
    const user = await read(directory.user(one.user.id))
    if (user === undefined) gone.push(one)
    else here.push(user)
  }
  return { here, gone }
}

function idsOf(users: KnownUser[]): Set<string> {
  return new Set(users.map(({ user }) => user.id))
}
