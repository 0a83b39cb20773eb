import { trustedUntil } from '../../core/login/trusted-device.ts'
import type { Decision } from '../../core/policy/policy.ts'
import type { AccountView } from '../render/account-view.ts'
import type { Opened } from './open.ts'

/**
 * The browsers that are not asked under the policy as it is now, the one that was used last first; nothing where it
 * allows none.
 */
export function devicesOf(
  { background, kit, home }: Opened,
  { trustedDays = 0 }: Decision,
): Pick<AccountView & { page: 'account' }, 'devices'> {
  if (trustedDays === 0) return {}
  const list = background.devices
    .map((device) => ({ device, until: trustedUntil(device, trustedDays) }))
    .filter(({ until }) => until > kit.now)
    .toSorted((a, b) => b.device.usedAt - a.device.usedAt)
    .map(({ device: { id, browser, system, createdAt, usedAt }, until }) => ({
      id,
      ...(browser === undefined ? {} : { browser }),
      ...(system === undefined ? {} : { system }),
      createdAt,
      usedAt,
      until,
      forgetAction: `${home}/devices/${encodeURIComponent(id)}/forget`,
    }))
  return { devices: { list, forgetAllAction: `${home}/devices/forget` } }
}
