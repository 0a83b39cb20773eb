import type { AdminStore } from '../core/administration/administration.ts'
import type { Directory } from '../core/sync/directory.ts'
import type { MethodId, Registry } from '../core/method.ts'
import type { RealmSettings } from '../core/settings.ts'
import type { KeptSync, Lease, SyncChange, SyncStore } from '../core/sync/sync-store.ts'
import type { SyncState, SyncWarning } from '../core/sync/sync.ts'

/** What the worker writes down of itself. */
export interface SyncLog {
  info(detail: object, message: string): void
  warn(detail: object, message: string): void
  error(detail: object, message: string): void
}

/** The worker's figures. */
export interface SyncFigures {
  pass(realm: string, result: 'done' | 'stopped' | 'failed'): void
  /** Epoch milliseconds. */
  completed(realm: string, at: number): void
  changed(realm: string, count: number): void
  warnings(realm: string, count: number): void
}

/** What the worker works with, for one realm. */
export interface Workplace {
  realm: string
  directory: Directory
  store: SyncStore
  admin: Pick<AdminStore, 'policy' | 'user' | 'everybody' | 'commit'>
  registry: Registry
  /** What a number of Keycloak's attribute is found by; undefined where it is none. */
  lookupOf: (phone: string | undefined) => string | undefined
  unavailable: (settings: RealmSettings) => ReadonlySet<MethodId>
  random: (bytes: number) => Buffer
  /** Epoch milliseconds. */
  clock: () => number
  log: SyncLog
  figures: SyncFigures
  /** Milliseconds from one full pass to the next. */
  interval: number
}

/** The lease is somebody else's, or the worker stops: what was begun is left as it is kept. */
export class TenureOver extends Error {}

/** What a step of the work writes; the state is the tenure's to add. */
export type Step = Omit<SyncChange, 'realm' | 'at' | 'kept'>

/** A time of holding a realm's lease. Whatever it does ends with TenureOver once the lease is lost. */
export interface Tenure extends Workplace {
  /** The state as it was written last. */
  readonly kept: KeptSync
  now: () => number
  /** Waits for Keycloak, and no longer than the tenure lasts. An answer that nobody awaits may fail unheard. */
  read: <T>(asked: Promise<T>) => Promise<T>
  /** Writes a step together with what it changes of the state. */
  commit(step: Step, kept?: Partial<Omit<KeptSync, 'state'>>, state?: Partial<SyncState>): Promise<void>
}

/** @param over aborted where the tenure ends from outside */
export function openTenure(place: Workplace, lease: Lease, begun: KeptSync, over: AbortSignal): Tenure {
  let kept = begun
  const whileHeld = async <T>(asked: Promise<T>): Promise<T> => {
    // It is under way already: where nobody waits for it any more, its failure must not end the process.
    asked.catch(() => {})
    if (over.aborted) throw new TenureOver()
    let end = () => {}
    const ended = new Promise<never>((_, reject) => {
      end = () => reject(new TenureOver())
      over.addEventListener('abort', end, { once: true })
    })
    try {
      return await Promise.race([asked, ended])
    } finally {
      over.removeEventListener('abort', end)
    }
  }
  return {
    ...place,
    get kept() {
      return kept
    },
    now: place.clock,
    read(asked) {
      const answered = whileHeld(asked)
      // What is asked ahead may end unheard: its failure must not end the process.
      answered.catch(() => {})
      return answered
    },
    async commit(step, changed = {}, state = {}) {
      if (over.aborted) throw new TenureOver()
      const next = { ...kept, ...changed, state: { ...kept.state, ...state } }
      const change: SyncChange = { ...step, realm: place.realm, at: place.clock(), kept: next }
      if ((await place.store.commit(lease, change)) === 'lost') throw new TenureOver()
      const { changes, state: before } = kept
      kept = next
      if (next.changes > changes) place.figures.changed(place.realm, next.changes - changes)
      if (state.warnings !== undefined) tellWarnings(place, before.warnings, state.warnings)
    },
  }
}

/** Each once, when it appears. */
function tellWarnings({ realm, log }: Workplace, before: SyncWarning[], now: SyncWarning[]): void {
  const known = new Set(before.map((warning) => JSON.stringify(warning)))
  for (const warning of now) {
    if (known.has(JSON.stringify(warning))) continue
    const { path, attribute, value, message } = warning
    log.warn({ realm, group: path, attribute, value }, `attribute skipped: ${attribute} ${message}`)
  }
}
