import type { z } from 'zod'
import { revokeDevices as revokeOf } from '../../core/administration/acts.ts'
import { toDevice } from './device-schemas.ts'
import type { devicesAnswer } from './device-schemas.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'

/** Every browser of the user asks for a second factor again. */
export async function revokeDevices(call: Call<OfUser>): Promise<Answer<z.input<typeof devicesAnswer>>> {
  return await revokeThose(call, () => true)
}

/** @throws Problem not-found */
export async function revokeDevice(
  call: Call<OfUser & { deviceId: string }>,
): Promise<Answer<z.input<typeof devicesAnswer>>> {
  const answer = await revokeThose(call, (id) => id === call.params.deviceId)
  if (answer.body?.devices.length === 0) {
    throw new Problem('not-found', 'the user has no such device, or not any more')
  }
  return answer
}

async function revokeThose(
  call: Call<OfUser>,
  isMeant: (id: string) => boolean,
): Promise<Answer<z.input<typeof devicesAnswer>>> {
  const { context, realm, by } = call
  return await act(call, async (record) => {
    const devices = (await context.admin.devices(realm.name, record.user.id)).filter(({ id }) => isMeant(id))
    return {
      change: devices.length === 0 ? undefined : revokeOf(realm.name, record, devices, by),
      result: { body: { devices: devices.map(toDevice) } },
    }
  })
}
