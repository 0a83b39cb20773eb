import type { MethodId, Registry } from '../method.ts'
import type { Credential } from './transaction.ts'

/**
 * The method that a challenge begins with: the user's own choice where it is one of `proofs` (S20), else the first that
 * stands alone. Undefined where none does.
 */
export function firstAsked(
  proofs: readonly MethodId[],
  credentials: readonly Credential[],
  registry: Registry,
): MethodId | undefined {
  const alone = proofs.filter((id) => registry.get(id)?.companion === false)
  const preferred = credentials.find((own) => own.preferred === true)?.method
  return alone.find((id) => id === preferred) ?? alone[0]
}
