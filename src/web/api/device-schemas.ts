import { z } from 'zod'
import type { TrustedDevice } from '../../core/login/trusted-device.ts'
import { id, iso, moment } from './fields.ts'
import { userParams } from './user-schemas.ts'

export const deviceParams = userParams.extend({
  deviceId: id.meta({ description: 'The id of a trusted device of this user, as the list has it.' }),
})

export const deviceAnswer = z
  .strictObject({
    id: z.string(),
    browser: z.string().nullable(),
    system: z.string().nullable().meta({ description: 'The operating system.' }),
    createdAt: moment.meta({ description: 'Since when it is trusted.' }),
    usedAt: moment,
    expiresAt: moment.meta({ description: 'The latest end; the policy at a login may end it sooner.' }),
  })
  .meta({ id: 'TrustedDevice', description: 'A browser on which the user is not asked for a second factor.' })

export const devicesAnswer = z.strictObject({ devices: z.array(deviceAnswer) })

export function toDevice(device: TrustedDevice): z.input<typeof deviceAnswer> {
  const { id: deviceId, browser, system, createdAt, usedAt, expiresAt } = device
  return {
    id: deviceId,
    browser: browser ?? null,
    system: system ?? null,
    createdAt: iso(createdAt),
    usedAt: iso(usedAt),
    expiresAt: iso(expiresAt),
  }
}
