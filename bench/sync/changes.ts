import { keptSync } from '../../src/adapters/store/sync-store.ts'
import type { Place, RunningWorker } from './place.ts'
import { REALM } from './place.ts'

/** What it was like to change something in Keycloak so many times. */
export interface Changes {
  /** Milliseconds from the answer of Keycloak's Admin API until the sidecar's database had it, each. */
  ms: number[]
  /** The sidecar's calls of the Admin API, by the change. */
  callsEach: number
}

/**
 * Puts users into groups and takes them out again, in turn, one after the other; again where a full pass came in between,
 * which Keycloak may ask for a while after the sidecar came back. @param times even
 */
export async function change(place: Place, worker: RunningWorker, times: number): Promise<Changes> {
  const passes = async () => (await keptSync(worker.database, REALM)).pass
  for (;;) {
    const before = await passes()
    const changes = await changeTimes(place, worker, times)
    if ((await passes()) === before) return changes
  }
}

async function changeTimes(place: Place, worker: RunningWorker, times: number): Promise<Changes> {
  const { bare, calls } = place
  const users = (await bare.call('GET', `/users?search=person-&max=${times}`)) as { id: string }[]
  // One with a rule: nobody keeps who is in another.
  const [{ id: group }] = (await bare.call('GET', '/groups?search=team-0&exact=true')) as [{ id: string }]
  await quiet(worker)
  const before = calls.soFar().admin
  const ms: number[] = []
  for (const { id: user } of users) {
    if (ms.length >= times || (await isMember(worker, user, group))) continue
    for (const isJoin of [true, false]) {
      await bare.call(isJoin ? 'PUT' : 'DELETE', `/users/${user}/groups/${group}`)
      const answered = performance.now()
      while ((await isMember(worker, user, group)) !== isJoin) {
        if (performance.now() - answered > 60_000) throw new Error('a change was not seen within a minute')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      ms.push(performance.now() - answered)
    }
  }
  await quiet(worker)
  return { ms, callsEach: (calls.soFar().admin - before) / times }
}

async function isMember({ database }: RunningWorker, user: string, group: string): Promise<boolean> {
  const row = await database.db
    .selectFrom('membership')
    .select('user_id')
    .where('realm', '=', REALM)
    .where('user_id', '=', user)
    .where('group_id', '=', group)
    .executeTakeFirst()
  return row !== undefined
}

/** Waits until no hint is left to be followed, and no pass is under way. */
async function quiet({ database }: RunningWorker): Promise<void> {
  const waiting = async () => await database.db.selectFrom('hint').select('id').executeTakeFirst()
  const running = async () => (await keptSync(database, REALM)).state.running
  while ((await waiting()) !== undefined || (await running()) !== undefined)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
