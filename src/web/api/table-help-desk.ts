import { endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { bypassAnswer, bypassBody, giveBypass } from './give-bypass.ts'
import { takeBypassBack } from './take-bypass-back.ts'
import { userParams } from './user-schemas.ts'

/** The part of the API's table that is about one-time codes of the help desk. */
export const HELP_DESK: Endpoint[] = [
  endpoint('post /users/{userId}/bypass', {
    id: 'giveBypass',
    summary:
      'Give a user who lost their factor a one-time code, in place of an earlier one; it is shown here alone',
    who: 'helper',
    writes: true,
    params: userParams,
    body: bypassBody,
    statuses: { 201: 'It is given, and the user is told.' },
    answer: bypassAnswer,
    refuses: ['own-account', 'protected-account', 'roles-unknown', 'bypass-off', 'no-method'],
    example: { code: 'K7QM-H4TX-9PZC-W2GV', until: '2026-11-24T09:00:00.000Z' },
    does: giveBypass,
  }),
  endpoint('delete /users/{userId}/bypass', {
    id: 'takeBypassBack',
    summary: 'Take back the one-time code that nobody used',
    who: 'helper',
    writes: true,
    params: userParams,
    statuses: { 204: 'Done.' },
    refuses: ['own-account', 'protected-account', 'roles-unknown'],
    does: takeBypassBack,
  }),
]
