import { deviceParams, devicesAnswer } from './device-schemas.ts'
import { endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { listDevices } from './list-devices.ts'
import { revokeDevice, revokeDevices } from './revoke-devices.ts'
import { userParams } from './user-schemas.ts'

/** The lines of the table about the browsers that users trust. */
export const DEVICES: Endpoint[] = [
  endpoint('get /users/{userId}/devices', {
    id: 'listDevices',
    summary: 'The browsers on which a user is not asked for a second factor',
    who: 'looker',
    params: userParams,
    answer: devicesAnswer,
    does: listDevices,
  }),
  endpoint('delete /users/{userId}/devices', {
    id: 'revokeDevices',
    summary: 'Trust none of them any longer',
    who: 'helper',
    writes: true,
    params: userParams,
    answer: devicesAnswer,
    refuses: ['own-account', 'protected-account', 'roles-unknown'],
    does: revokeDevices,
  }),
  endpoint('delete /users/{userId}/devices/{deviceId}', {
    id: 'revokeDevice',
    summary: 'Trust one of them no longer',
    who: 'helper',
    writes: true,
    params: deviceParams,
    answer: devicesAnswer,
    refuses: ['own-account', 'protected-account', 'roles-unknown'],
    does: revokeDevice,
  }),
]
