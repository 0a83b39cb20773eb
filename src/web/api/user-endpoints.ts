import { addUser, newUserAnswer, newUserBody } from './add-user.ts'
import { DEVICES } from './device-endpoints.ts'
import { endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { listMethods, methodsAnswer } from './list-methods.ts'
import { listUsers, searchBody, searchUsers, usersAnswer, usersQuery } from './list-users.ts'
import { removeOverride } from './remove-override.ts'
import { resetAnswer, resetUser } from './reset-user.ts'
import { revokeMethod, revokedAnswer } from './revoke-method.ts'
import { overrideBody, saveOverride } from './save-override.ts'
import { showUser } from './show-user.ts'
import { unlockUser } from './unlock-user.ts'
import { methodParams, standingAnswer, userAnswer, userParams } from './user-schemas.ts'

const DONE = { 204: 'Done.' }

/** The endpoints about users, as the table has them. */
export function userEndpoints(): Endpoint[] {
  return [
    endpoint('get /users', {
      id: 'listUsers',
      summary:
        'Users with what the policy says of them and what they have; for who manages groups, those below',
      who: 'looker',
      query: usersQuery,
      answer: usersAnswer,
      refuses: ['membership-unknown'],
      does: listUsers,
    }),
    endpoint('post /users/search', {
      id: 'searchUsers',
      summary: 'The same for what has no place in an address: a whole phone number is searched for, too',
      who: 'looker',
      body: searchBody,
      answer: usersAnswer,
      refuses: ['membership-unknown'],
      does: searchUsers,
    }),
    endpoint('post /users', {
      id: 'addUser',
      summary: 'Add a user in Keycloak, with your own rights there',
      who: 'administrator',
      writes: true,
      body: newUserBody,
      statuses: { 201: 'Added.' },
      answer: newUserAnswer,
      example: { id: 'a1f0', username: 'alice', phone: 'stored', invitation: 'sent' },
      refuses: ['keycloak-forbids', 'user-exists'],
      does: addUser,
    }),
    endpoint('get /users/{userId}', {
      id: 'showUser',
      summary: 'One user, with what their override overrides and what a login would come to',
      who: 'looker',
      params: userParams,
      answer: userAnswer,
      does: showUser,
    }),
    endpoint('put /users/{userId}/override', {
      id: 'saveOverride',
      summary: 'Give a user an enforcement of their own',
      who: 'administrator',
      writes: true,
      params: userParams,
      body: overrideBody,
      answer: standingAnswer,
      refuses: ['own-account', 'overrides-off'],
      does: saveOverride,
    }),
    endpoint('delete /users/{userId}/override', {
      id: 'removeOverride',
      summary: 'Let the default count for a user again',
      who: 'administrator',
      writes: true,
      params: userParams,
      statuses: DONE,
      refuses: ['own-account', 'overrides-off'],
      does: removeOverride,
    }),
    endpoint('get /users/{userId}/methods', {
      id: 'listMethods',
      summary: 'The methods that a user has',
      who: 'looker',
      params: userParams,
      answer: methodsAnswer,
      does: listMethods,
    }),
    endpoint('delete /users/{userId}/methods/{methodId}', {
      id: 'revokeMethod',
      summary: 'Revoke one method, and with the last what never stands alone',
      who: 'helper',
      writes: true,
      params: methodParams,
      answer: revokedAnswer,
      refuses: ['own-account', 'protected-account', 'roles-unknown'],
      does: revokeMethod,
    }),
    ...DEVICES,
    endpoint('post /users/{userId}/reset', {
      id: 'resetUser',
      summary: "Revoke every method, forget failures, end the user's sessions",
      who: 'helper',
      writes: true,
      params: userParams,
      answer: resetAnswer,
      refuses: ['own-account', 'protected-account', 'roles-unknown'],
      does: resetUser,
    }),
    endpoint('post /users/{userId}/unlock', {
      id: 'unlockUser',
      summary: 'End a lockout',
      who: 'helper',
      writes: true,
      params: userParams,
      statuses: DONE,
      refuses: ['own-account', 'protected-account', 'roles-unknown'],
      does: unlockUser,
    }),
  ]
}
