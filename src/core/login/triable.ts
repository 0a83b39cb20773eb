import { MAX_CREDENTIAL_FAILURES } from './lockout.ts'
import type { MethodId } from '../method.ts'
import type { Credential } from './transaction.ts'

/** The credentials of a method that may still be tried (R8). */
export function triable(credentials: readonly Credential[], method: MethodId): Credential[] {
  return credentials.filter((own) => own.method === method && own.failures < MAX_CREDENTIAL_FAILURES)
}
