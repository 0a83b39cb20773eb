import type { z } from 'zod'
import { toDevice } from './device-schemas.ts'
import type { devicesAnswer } from './device-schemas.ts'
import type { Answer, Call } from './endpoint.ts'
import { findUser } from './target.ts'
import type { OfUser } from './target.ts'

export async function listDevices(call: Call<OfUser>): Promise<Answer<z.input<typeof devicesAnswer>>> {
  const { context, realm } = call
  const { user } = await findUser(call)
  const devices = await context.admin.devices(realm.name, user.id)
  const { now } = context.kit()
  return { body: { devices: devices.filter(({ expiresAt }) => expiresAt > now).map(toDevice) } }
}
