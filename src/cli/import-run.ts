import { randomBytes } from 'node:crypto'
import { planMove } from '../core/moving/moving.ts'
import type { Fate, ForeignUser, MovingStore } from '../core/moving/moving.ts'

/** Users that are moved in one go. */
const BATCH = 100
const ROUNDS = 5

/** What a run is told. */
export interface Move {
  realm: string
  /** Undefined: a user that could not be read. */
  users: AsyncIterable<ForeignUser | undefined>
  store: MovingStore
  dryRun: boolean
  /** Epoch milliseconds. */
  clock: () => number
  /** The number as E.164; undefined where codes can't go there. */
  readPhone: (text: string) => string | undefined
  /** Takes an app away in Keycloak that is here. Absent: it stays there. */
  remove?: (app: { userId: string; source: string }) => Promise<'removed' | 'absent' | 'failed'>
  /** Puts a number where Latchkey reads it. Absent: numbers are counted only. */
  copyPhone?: (found: { userId: string; phone: string }) => Promise<'copied' | 'kept' | 'failed'>
}

/** What a run came to, in numbers. */
export interface Tally {
  users: number
  unreadable: number
  /** Apps by what became of them. */
  apps: Map<Fate['result'], number>
  /** By what became of them in Keycloak. */
  removals: Map<'removed' | 'absent' | 'failed', number>
  phones: Map<'usable' | 'unusable' | 'copied' | 'kept' | 'failed', number>
}

/** Moves a realm's apps in, batch by batch: an interrupted run is finished by another one. `progress` after each. */
export async function moveIn(move: Move, progress: (tally: Tally) => void = () => {}): Promise<Tally> {
  const tally: Tally = {
    users: 0,
    unreadable: 0,
    apps: new Map(),
    removals: new Map(),
    phones: new Map(),
  }
  for await (const users of batches(move.users, tally)) {
    const fates = await moveBatch(move, users)
    for (const { result } of fates) count(tally.apps, result)
    for (const { userId, source, result } of fates) {
      if (move.remove === undefined || source === undefined) continue
      if (result !== 'moved' && result !== 'present') continue
      count(tally.removals, await move.remove({ userId, source }))
    }
    await phonesOf(move, users, tally)
    progress(tally)
  }
  return tally
}

async function* batches(
  users: AsyncIterable<ForeignUser | undefined>,
  tally: Tally,
): AsyncGenerator<ForeignUser[], void> {
  let batch: ForeignUser[] = []
  for await (const user of users) {
    tally.users++
    if (user === undefined) tally.unreadable++
    else batch.push(user)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** @throws Error where somebody else moves the same users all the while */
async function moveBatch({ realm, store, dryRun, clock }: Move, users: ForeignUser[]): Promise<Fate[]> {
  for (let round = 0; round < ROUNDS; round++) {
    const known = await store.known(realm, users)
    const { change, fates } = planMove(realm, users, known, { now: clock(), random: randomBytes })
    if (dryRun || change === undefined || (await store.commit(change)) === 'written') return fates
  }
  throw new Error('another import of the same users is running: wait for its end, and run the command again')
}

async function phonesOf({ readPhone, copyPhone }: Move, users: ForeignUser[], tally: Tally): Promise<void> {
  for (const { id: userId, phone: text } of users) {
    if (text === undefined) continue
    const phone = readPhone(text)
    count(tally.phones, phone === undefined ? 'unusable' : 'usable')
    if (phone !== undefined && copyPhone !== undefined)
      count(tally.phones, await copyPhone({ userId, phone }))
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
