import type { UserRecord, UserStatus } from '../administration/administration.ts'
import type { Registry } from '../method.ts'
import type { Enforcement } from '../settings.ts'

/** The status of a user, as `UserStatus` says; `now` is epoch milliseconds. */
export function statusOf(
  { methods, lockedUntil }: Pick<UserRecord, 'methods' | 'lockedUntil'>,
  enforcement: Enforcement,
  registry: Registry,
  now: number,
): UserStatus {
  if (lockedUntil > now) return 'locked'
  if (methods.some(({ method }) => registry.get(method)?.companion !== true)) return 'enrolled'
  return ({ required: 'required-not-enrolled', disabled: 'exempt', optional: 'not-enrolled' } as const)[
    enforcement
  ]
}
