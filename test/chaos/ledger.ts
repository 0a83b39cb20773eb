import { readConfig } from '../../src/config.ts'
import { openForReading } from '../../src/adapters/store/database.ts'
import type { Anchor } from '../../src/adapters/store/audit-walk.ts'
import { verifyRealm } from '../../src/cli/audit.ts'
import type { crowd, Person } from './people.ts'

/** What a run came to: what was acknowledged by kind, and what of it was not there afterwards. */
export interface Totals {
  enrolments: number
  revocations: number
  codes: number
  redeemed: number
  entries: number
  lost: string[]
  acceptedTwice: string[]
  /** Findings of `audit verify`. */
  audit: string[]
}

export const NOTHING: Totals = {
  enrolments: 0,
  revocations: 0,
  codes: 0,
  redeemed: 0,
  entries: 0,
  lost: [],
  acceptedTwice: [],
  audit: [],
}

/** Compares what people were told with what the database has, beside the server. */
export async function compare(people: Person[], dbUrl: string): Promise<Totals> {
  const { rows, entries } = await read(dbUrl)
  const totals = structuredClone(NOTHING)
  for (const { sub, enrolled, revocation, codes, events, redeemed } of people) {
    const has = ['totp', 'backup-codes'].map((method) => rows.has(`${sub} ${method}`))
    if (enrolled !== undefined) totals.enrolments++
    if (enrolled !== undefined && revocation === 'none' && !has.every(Boolean)) {
      totals.lost.push(`the enrolment of ${sub}`)
    }
    if (revocation === 'acknowledged') {
      totals.revocations++
      if (has.some(Boolean)) totals.lost.push(`the revocation of ${sub}`)
    }
    totals.codes += codes.filter(({ accepted }) => accepted > 0).length
    totals.redeemed += redeemed.length
    for (const { code, accepted } of codes) {
      if (accepted > 1) totals.acceptedTwice.push(`${code} of ${sub}, ${accepted} times`)
    }
    for (const [event, count] of events) {
      totals.entries += count
      const found = entries.get(`${sub} ${event}`)?.length ?? 0
      if (found < count) totals.lost.push(`${count - found} of ${event} in the audit of ${sub}`)
    }
  }
  return totals
}

async function read(dbUrl: string) {
  const database = openForReading(dbUrl)
  try {
    const { db } = database
    const credentials = await db.selectFrom('credential').select(['user_id', 'method']).execute()
    const audit = await db.selectFrom('audit').select(['user_id', 'event']).execute()
    return {
      rows: new Set(credentials.map((row) => `${row.user_id} ${row.method}`)),
      entries: Map.groupBy(audit, (row) => `${row.user_id} ${row.event}`),
    }
  } finally {
    await database.close()
  }
}

/**
 * Tries to be let in by what was spent: every code that was accepted once more, every code whose answer was lost twice,
 * every authorization code that was redeemed, and apps that were revoked. @returns what let in but a code
 */
export async function replay(people: Person[], actions: ReturnType<typeof crowd>): Promise<string[]> {
  const again: string[] = []
  await Promise.all(
    people.map(async (person) => {
      for (const redeemed of person.redeemed) {
        if (await actions.redeemsAgain(redeemed)) again.push(`an authorization code of ${person.sub}`)
      }
      if (person.revocation === 'acknowledged' && (await actions.isLetIn(person))) {
        again.push(`the app of ${person.sub}, which was revoked`)
      }
      if (person.revocation !== 'none') return
      for (const entry of person.codes) {
        if (entry.accepted === 0) await actions.tryAgain(person, entry)
        await actions.tryAgain(person, entry)
      }
    }),
  )
  return again
}

/** The same as `latchkey audit verify --anchor`. @returns what it found, and where the chain ends now */
export async function verifyChain(
  environment: NodeJS.ProcessEnv,
  anchor: Anchor | undefined,
): Promise<{ findings: string[]; head: Anchor | undefined }> {
  const { findings, head } = await verifyRealm(readConfig(environment), 'demo', anchor)
  return { findings: findings.map((one) => JSON.stringify(one)), head }
}
