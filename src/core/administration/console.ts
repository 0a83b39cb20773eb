import { KEYCLOAK } from '../audit/audit.ts'
import type { AuditEntry } from '../audit/audit.ts'
import type { MethodId, Registry } from '../method.ts'
import { protectionOf } from './authority.ts'
import type { Protection } from './authority.ts'
import { entryBy } from './changes.ts'

type Named = { id: string; method: MethodId }

/** Somebody's method was deleted in Keycloak's own console. */
export interface Deletion<T extends Named> {
  realm: string
  userId: string
  /** Everything that the user has. */
  methods: readonly T[]
  /** What of it was deleted; one at least. */
  deleted: readonly T[]
  /** Epoch milliseconds. */
  at: number
}

/**
 * Why a deletion in Keycloak's console is not followed (R28). Who may manage Keycloak's users is no tfa-admin for it,
 * and nobody can tell here who it was: so nobody's word counts there for who administers, or for whom nobody told
 * whether they do.
 */
export function consoleProtection(target: {
  id: string
  live: readonly string[]
  told: readonly string[] | undefined
}): Protection | undefined {
  return protectionOf({ userId: '', roles: new Set(), manages: new Set() }, target)
}

/** What goes with a deletion in Keycloak's console, those that never stand alone among it (S18), and what is written down. */
export function followDeletion<T extends Named>(
  { realm, userId, methods, deleted, at }: Deletion<T>,
  registry: Registry,
): { ids: string[]; audit: AuditEntry[] } {
  const rest = methods.filter((one) => !deleted.includes(one))
  const standsAlone = ({ method }: T) => registry.get(method)?.companion !== true
  const others = rest.some(standsAlone) ? [] : rest
  return {
    ids: [...deleted, ...others].map(({ id }) => id),
    audit: deleted.map((one, i) => {
      const detail = { ...named(one), alongWith: i === 0 ? others.map(named) : [] }
      return entryBy({ actor: KEYCLOAK, at }, { event: 'method.revoked', realm, userId, detail })
    }),
  }
}

/** What is written down of a deletion that is not followed. */
export function refuseDeletion<T extends Named>(
  { realm, userId, deleted, at }: Deletion<T>,
  why: Protection,
): AuditEntry[] {
  return deleted.map((one) => {
    const detail = { ...named(one), why }
    return entryBy({ actor: KEYCLOAK, at }, { event: 'deletion.refused', realm, userId, detail })
  })
}

function named({ id, method }: Named): Named {
  return { id, method }
}
