import { confirmation } from './confirmation.ts'
import { targetOf } from './target.ts'
import { part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/devices/{deviceId}/revoke` and `GET …/devices/revoke`: which browsers will ask again. */
export async function confirmDevices(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  const { deviceId } = visit.params
  const { body } = await visit.api.ask('listDevices', { path: { userId: user.id } })
  const devices = body.devices.filter(({ id }) => deviceId === undefined || id === deviceId)
  // Somebody was faster.
  if (devices.length === 0) return { to: visit.at(own) }
  const view = confirmation(visit, {
    act: 'revoke-devices',
    subject: user.username,
    listed: devices.map((device) => deviceName(visit, device)),
    own,
    below: deviceId === undefined ? '/devices/revoke' : `/devices/${part(deviceId)}/revoke`,
  })
  return { view }
}

/** `POST …/devices/{deviceId}/revoke` and `POST …/devices/revoke`. */
export async function revokeDevices(visit: Visit): Promise<Outcome> {
  const { userId = '', deviceId } = visit.params
  if (deviceId === undefined) await visit.api.ask('revokeDevices', { path: { userId } })
  else await visit.api.ask('revokeDevice', { path: { userId, deviceId } })
  return { to: visit.at(`/users/${part(userId)}`, { done: 'devices-revoked' }) }
}

/** What a browser called itself, in words. */
export function deviceName(
  { say }: Pick<Visit, 'say'>,
  { browser, system }: { browser: string | null; system: string | null },
): string {
  if (browser !== null && system !== null) return say('device.on', browser, system)
  return browser ?? system ?? say('device.unknown')
}
