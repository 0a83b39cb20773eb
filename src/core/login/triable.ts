import { isUsable } from './lockout.ts'
import type { MethodId, Registry, Shown } from '../method.ts'
import type { Credential } from './transaction.ts'

/** The credentials of a method that may still be tried (R8). */
export function triable(credentials: readonly Credential[], method: MethodId): Credential[] {
  return credentials.filter((own) => own.method === method && isUsable(own))
}

/** What lists show of a credential; undefined where this build does not know its method, or no key opens it. */
export function shownOf({ method, data, unreadable }: Credential, registry: Registry): Shown | undefined {
  const known = unreadable === undefined ? registry.get(method) : undefined
  return known?.showChallenge(known.read(data))
}
