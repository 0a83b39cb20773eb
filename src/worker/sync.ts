import { setTimeout } from 'node:timers/promises'
import type { SyncControl } from '../core/sync/sync.ts'
import { createRounds } from './rounds.ts'
import type { Pause } from './rounds.ts'
import type { Workplace } from './tenure.ts'

/** Milliseconds between two looks at what is to be done. */
const POLL = 1_000

/** The sync worker: what Keycloak knows of users and groups, brought into the database. */
export interface SyncWorker {
  /** Has it look at once. */
  nudge(realm: string): void
  /** Waits until it left everything as another can take it up. */
  stop(): Promise<void>
}

/** Works on these realms until it is stopped, each by itself. */
export function startWorker(places: readonly Workplace[]): SyncWorker {
  const stop = new AbortController()
  const bells = new Map<string, () => void>()
  const loops = places.map(async (place) => {
    const rounds = createRounds(place, pause)
    while (!stop.signal.aborted) {
      const rung = new AbortController()
      bells.set(place.realm, () => rung.abort())
      try {
        await rounds.round(stop.signal)
      } catch (error) {
        place.log.error({ realm: place.realm, err: error }, 'the sync worker failed')
      }
      await pause(POLL, rung.signal)
    }
  })
  return {
    nudge: (realm) => bells.get(realm)?.(),
    async stop() {
      stop.abort()
      for (const ring of bells.values()) ring()
      await Promise.all(loops)
    },
  }
}

/** A control that has the worker look at once at what it was told, where it runs in this process. */
export function nudging(control: SyncControl, nudge: (realm: string) => void): SyncControl {
  return {
    state: async (realm) => await control.state(realm),
    async run(realm, options) {
      await control.run(realm, options)
      nudge(realm)
    },
    async hint(realm, hints, once) {
      const kept = await control.hint(realm, hints, once)
      nudge(realm)
      return kept
    },
  }
}

/** Never keeps the process alive by itself. */
const pause: Pause = async (milliseconds, signal) => {
  await setTimeout(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
}
