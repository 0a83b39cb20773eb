import type { KcAdminClient } from '../admin-session.ts'
import type { Realm } from '../../../core/realm.ts'
import { readRealm } from '../setup/found.ts'
import { CLIENT_ID } from '../setup/names.ts'
import type { Check, Facts, Fault, StoreFacts } from './check.ts'
import { flowChecks } from './flow-checks.ts'
import { probe } from './probes.ts'
import { storeChecks } from './store-checks.ts'
import { syncCheck } from './sync-check.ts'
import { trustChecks } from './trust-checks.ts'

/** Every check, in the order in which they are told. */
export const CHECKS: readonly Check[] = [...flowChecks, ...trustChecks, ...storeChecks, syncCheck]

/** What one check found; empty where all is in order, undefined where it could not look. */
export interface Result {
  id: string
  title: string
  faults: Fault[] | undefined
}

/** What is looked at. */
export interface Subject {
  realm: Realm
  /** Absent: the checks that need an administrator are left out. */
  admin?: KcAdminClient
  addresses: Record<string, string>
  store: StoreFacts
  /** Epoch milliseconds. */
  clock?: () => number
}

/** Runs every check on one realm. Changes nothing. @throws Error where Keycloak has no such realm */
export async function examine({
  realm,
  admin,
  addresses,
  store,
  clock = Date.now,
}: Subject): Promise<Result[]> {
  const found = admin === undefined ? undefined : await readRealm(admin, realm.name)
  const client = found?.clients.find(({ clientId }) => clientId === CLIENT_ID)
  const jwksUrl = client?.attributes?.['jwks.url'] as string | undefined
  const probes = await probe(realm, {
    clock,
    ...(admin === undefined ? {} : { admin }),
    ...(jwksUrl === undefined ? {} : { jwksUrl }),
  })
  const facts: Facts = { realm, found, probes, store, addresses, now: clock() }
  return CHECKS.map((check) => ({
    id: check.id,
    title: check.title,
    faults: check.admin && found === undefined ? undefined : check.run(facts),
  }))
}

/** 0 in order, 1 warnings, 2 faults. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 | 2 {
  const levels = new Set(results.flatMap(({ faults = [] }) => faults.map(({ level }) => level)))
  if (levels.has('fault')) return 2
  return levels.has('warning') ? 1 : 0
}
