import type { Sealer } from '../../core/ports.ts'
import { SEAL_BATCH, sealBatch } from './audit-seal.ts'
import type { Database } from './database.ts'

/** Milliseconds between two looks for entries to seal. */
export const SEAL_EVERY = 2_000
/** Milliseconds between two anchors of a realm that are told. */
const TELL_EVERY = 60_000
/** Milliseconds that a realm is left alone after a fault, which is told each time. */
const PAUSE = 10_000

/** Seals the audit of each realm, again and again. */
export interface AuditSealing {
  /** Seals what there is; does nothing while an earlier call is at it. Never throws. */
  run(): Promise<void>
  /** Seals what is left and tells the last anchors. Never throws. */
  finish(): Promise<void>
}

/**
 * @param tell takes what belongs outside of the database: where a chain stands, `<seq>:<mac>`, once a minute at most
 *   while it moves, and what went wrong
 */
export function createAuditSealing(
  database: Database,
  sealer: Sealer,
  realms: readonly string[],
  clock: () => number,
  tell: {
    sealed(realm: string, seq: number, anchor: string): void
    failed(realm: string, error: unknown): void
  },
): AuditSealing {
  const states = realms.map((realm) => ({
    realm,
    /** Epoch milliseconds. */
    toldAt: -Infinity,
    pausedUntil: -Infinity,
    untold: undefined as { seq: number; mac: string } | undefined,
  }))
  let running: Promise<void> | undefined
  let isStopping = false

  return {
    async run() {
      running ??= pass(false).finally(() => {
        running = undefined
      })
      await running
    },

    async finish() {
      isStopping = true
      await running
      await pass(true)
    },
  }

  async function pass(isLast: boolean): Promise<void> {
    for (const state of states) {
      if (isLast || state.pausedUntil <= clock()) await seal(state)
      const { realm, untold } = state
      if (untold !== undefined && (isLast || state.toldAt + TELL_EVERY <= clock())) {
        tell.sealed(realm, untold.seq, `${untold.seq}:${untold.mac}`)
        state.toldAt = clock()
        state.untold = undefined
      }
    }
  }

  async function seal(state: (typeof states)[number]): Promise<void> {
    try {
      for (;;) {
        const result = await sealBatch(database, sealer, state.realm)
        if (typeof result === 'string') return
        state.untold = result
        // A backlog, as after an upgrade, is for the next start: who stops a server does not wait for long.
        if (result.sealed < SEAL_BATCH || isStopping) return
      }
    } catch (error) {
      state.pausedUntil = clock() + PAUSE
      tell.failed(state.realm, error)
    }
  }
}
