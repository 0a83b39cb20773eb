import type { Background, Change } from '../ports.ts'
import type { Kit } from '../login/step.ts'
import { named } from '../login/trusted-device.ts'
import type { TrustedDevice } from '../login/trusted-device.ts'
import type { OwnVisit } from './own-step.ts'

/** The user trusts these browsers no longer: the next login there asks for a second factor. */
export function forgetOwn(
  { visit, kit }: { visit: OwnVisit; background: Background; kit: Kit },
  devices: readonly TrustedDevice[],
): Change {
  const { realm, userId } = visit.account
  return {
    realm,
    userId,
    forget: devices.map(({ id }) => id),
    audit: devices.map((device) => ({
      event: 'device.forgotten',
      realm,
      userId,
      at: kit.now,
      detail: named(device),
    })),
  }
}
