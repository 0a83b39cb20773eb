import type { Registry } from '../method.ts'
import { firstAsked } from './first-asked.ts'
import { moveTo, owner, somethingToSign } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import { triable } from './triable.ts'
import type { Credential, Proof, Situation } from './transaction.ts'

/** True where this is a first set-up, on the password alone, and the user has got a method in the meantime (R17). */
export function overtaken(
  { credentials }: Situation,
  proven: Proof | undefined,
  registry: Registry,
): boolean {
  return proven === undefined && hasOwn(credentials, registry)
}

/** A first set-up that was overtaken goes on as a challenge by what the user has now. */
export function challengeInstead(situation: Situation, kit: Kit): Outcome {
  const { registry } = kit
  const { transaction, credentials } = situation
  const proofs = [...new Set(credentials.map(({ method }) => method))].filter(
    (id) => registry.has(id) && triable(credentials, id).length > 0,
  )
  const method = firstAsked(proofs, credentials, registry)
  if (method === undefined) return { result: 'stale' }
  const stage = { at: 'challenge' as const, method, then: 'done' as const, ...somethingToSign(method, kit) }
  const moved = moveTo({ ...transaction, proofs }, stage)
  return { result: 'stale', change: { ...owner(transaction), transaction: moved } }
}

/** True where the user has a method that stands alone; one that this build does not know counts (R17). */
export function hasOwn(credentials: readonly Credential[], registry: Registry): boolean {
  return credentials.some(({ method }) => registry.get(method)?.companion !== true)
}
