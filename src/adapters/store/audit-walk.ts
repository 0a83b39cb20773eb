import type { Sealer } from '../../core/ports.ts'
import { follows, macOf } from './audit-chain.ts'
import type { Link, SealedRow } from './audit-chain.ts'

/** Suspects that are compared with each other's places, each with each. */
const COMPARED = 30

/** A place in a realm's chain, as an operator keeps it. */
export interface Anchor {
  seq: number
  mac: string
}

/** An entry that a finding names; `at` is ISO 8601, or what stands there where that is no time. */
export interface Named {
  seq: number
  id: string
  at: string
}

/** What is wrong with a chain. */
export type Finding =
  | ({ kind: 'changed' | 'inserted' } & Named)
  /** It was sealed as number `from`. */
  | ({ kind: 'moved'; from: number } & Named)
  /** Both numbers are missing, and all between. The entry after them can't be checked. */
  | { kind: 'missing'; seq: number; to: number }
  /** Sealed under a key that is not configured, from this number on; no number: the chain's row itself. */
  | { kind: 'key'; keyId: string; seq?: number }
  /** The row that says where the chain begins and ends. */
  | { kind: 'chain'; problem: 'gone' | 'forged'; seq?: never }
  | { kind: 'anchor'; seq: number; problem: 'beyond-end' | 'other-entry' | 'pruned' }

/** Names an entry for a finding. */
export function named({ seq, id, at }: Pick<Link, 'seq' | 'id' | 'at'>): Named {
  return { seq, id, at: timeOf(at) }
}

/** A time of the database as ISO 8601; what stands there where it is no time. */
export function timeOf(at: string): string {
  const time = new Date(Number(at))
  return Number.isNaN(time.getTime()) ? at : time.toISOString()
}

/**
 * Checks entries in the order of their numbers.
 * @param from what the chain begins after; undefined where nobody can say, and the first entry goes unchecked
 * @param keyIds the ids of the configured encryption keys
 */
export function createWalk(
  { sealer, keyIds, from }: { sealer: Sealer; keyIds: readonly string[]; from: Anchor | undefined },
  report: (finding: Finding) => void,
): { look(row: SealedRow): void; end(at: Anchor | undefined): void } {
  let expected = from === undefined ? undefined : from.seq + 1
  /** What the hash before may have been; undefined where that is lost. */
  let before: string[] | undefined = from === undefined ? undefined : [from.mac]
  let last: SealedRow | undefined
  const unknownKeys = new Set<string>()
  const suspects: { row: SealedRow; before: string[] }[] = []

  return {
    look(row) {
      if (!Number.isInteger(row.seq) || (expected !== undefined && row.seq < expected)) {
        report({ kind: 'inserted', ...named(row) })
        return
      }
      if (expected !== undefined && row.seq > expected) {
        report({ kind: 'missing', seq: expected, to: row.seq - 1 })
        before = undefined
      }
      before = check(row)
      expected = row.seq + 1
      last = row
    },

    end(at) {
      if (at !== undefined && expected !== undefined && expected <= at.seq) {
        report({ kind: 'missing', seq: expected, to: at.seq })
      } else if (at !== undefined && last !== undefined && last.mac !== at.mac && !isSuspect(last)) {
        report({ kind: 'changed', ...named(last) })
      }
      for (const { row } of suspects) {
        const origin = originOf(row)
        if (origin === undefined) report({ kind: 'changed', ...named(row) })
        else if (origin !== row.seq) report({ kind: 'moved', from: origin, ...named(row) })
      }
    },
  }

  /** What the next entry's hash may rest on. */
  function check(row: SealedRow): string[] {
    const stored = row.mac ?? ''
    if (row.key_id !== null && !keyIds.includes(row.key_id)) {
      if (!unknownKeys.has(row.key_id)) report({ kind: 'key', keyId: row.key_id, seq: row.seq })
      unknownKeys.add(row.key_id)
      return [stored]
    }
    if (before === undefined || before.some((mac) => follows(sealer, mac, row))) return [stored]
    if (suspects.length < COMPARED) suspects.push({ row, before })
    else report({ kind: 'changed', ...named(row) })
    // Where the hash alone was changed, the next entry still rests on the right one.
    return [stored, macOf(sealer, before[0] ?? '', row, row.key_id ?? undefined).value]
  }

  function isSuspect(row: SealedRow): boolean {
    return suspects.some((suspect) => suspect.row === row)
  }

  /**
   * The number that a suspect was sealed as. Its own: the entry is whole, and the one before it was moved away. A hash
   * stands for one number and one entry before it, so at least one of the suspects never finds its own.
   */
  function originOf(row: SealedRow): number | undefined {
    const macs = suspects.map((suspect) => suspect.row.mac ?? '')
    return suspects.find((place) =>
      [...place.before, ...macs].some((mac) => follows(sealer, mac, { ...row, seq: place.row.seq })),
    )?.row.seq
  }
}
