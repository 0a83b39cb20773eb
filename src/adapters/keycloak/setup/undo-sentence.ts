import type { Undo } from './memory.ts'
import { API_CLIENT_ID, CLIENT_ID, EVENTS, PHONE, SERVICE_ROLE } from './names.ts'

/** What taking one change back does, for a reader. */
export function sentenceOf(undo: Undo): string {
  switch (undo.kind) {
    case 'role':
      return `delete the realm role ${undo.name}`
    case 'client':
      return `delete the client ${CLIENT_ID} and its service account`
    case 'client-fields':
      return `put back the client ${CLIENT_ID}`
    case 'service-role':
      return `take the role ${SERVICE_ROLE} from the service account`
    case 'api-client':
      return `delete the client ${API_CLIENT_ID}`
    case 'api-client-fields':
      return `put back the client ${API_CLIENT_ID}`
    case 'api-token':
      return `take from the tokens of the client ${undo.client ?? API_CLIENT_ID} what setup let them carry`
    case 'profile':
      return undo.was === null
        ? `remove the user attribute ${PHONE} from the profile`
        : `put back the user attribute ${PHONE}`
    case 'action':
      return undo.was === null
        ? `remove the required action ${undo.name}`
        : `put back the required action ${undo.name}`
    case 'listener':
      return `remove the event listener ${EVENTS}`
    case 'action-life':
      return `put the life of required actions back to ${undo.was} s`
    case 'attribute':
      return undo.was === null
        ? `remove the realm attribute ${undo.name}`
        : `put back the realm attribute ${undo.name}`
    case 'texts':
      return `remove the texts ${undo.keys.join(', ')} (${undo.name})`
    case 'mapper':
      return `remove the mapper from the client scope ${undo.scope}`
    case 'scope':
      return `delete the client scope ${undo.name}`
    case 'flow':
      return `delete the flow "${undo.name}"`
    case 'binding':
      return `put ${undo.name} back to "${undo.was}"`
    case 'broker':
      return `put the flow after logins by ${undo.name} back to ${undo.was === '' ? 'none' : `"${undo.was}"`}`
  }
}
