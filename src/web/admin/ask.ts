import type { z } from 'zod'
import type { Realm } from '../../core/realm.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { newUserAnswer } from '../api/add-user.ts'
import { openCall } from '../api/call.ts'
import type { Presence } from '../api/call.ts'
import type { Answer, Endpoint } from '../api/endpoint.ts'
import type { bypassAnswer } from '../api/give-bypass.ts'
import type { auditAnswer } from '../api/list-audit.ts'
import type { figuresAnswer } from '../api/list-figures.ts'
import type { groupsAnswer } from '../api/list-groups.ts'
import type { devicesAnswer } from '../api/device-schemas.ts'
import type { usersAnswer } from '../api/list-users.ts'
import { etagOf } from '../api/preconditions.ts'
import { parsePart } from '../api/read-body.ts'
import type { resetAnswer } from '../api/reset-user.ts'
import type { revokedAnswer } from '../api/revoke-method.ts'
import type { ruleAnswer, rulesAnswer } from '../api/rule-schemas.ts'
import type { secretsAnswer } from '../api/secret-schemas.ts'
import type { syncAnswer } from '../api/sync-schemas.ts'
import type { testAnswer } from '../api/test-schemas.ts'
import type { changeAnswer } from '../api/try-change.ts'
import type { standingAnswer, userAnswer } from '../api/user-schemas.ts'
import type { WebContext } from '../context.ts'

/** What the endpoints answer that the pages ask, by their ids. */
interface Answers {
  showSettings: RealmSettings
  changeSettings: RealmSettings
  listSecrets: z.input<typeof secretsAnswer>
  saveMailPassword: undefined
  removeMailPassword: undefined
  saveTwilioAuthToken: undefined
  removeTwilioAuthToken: undefined
  saveSmsWebhookSecret: undefined
  removeSmsWebhookSecret: undefined
  testMail: z.input<typeof testAnswer>
  testSms: z.input<typeof testAnswer>
  listFigures: z.input<typeof figuresAnswer>
  listRules: z.input<typeof rulesAnswer>
  saveRule: z.input<typeof ruleAnswer>
  removeRule: undefined
  listGroups: z.input<typeof groupsAnswer>
  listUsers: z.input<typeof usersAnswer>
  searchUsers: z.input<typeof usersAnswer>
  addUser: z.input<typeof newUserAnswer>
  showUser: z.input<typeof userAnswer>
  saveOverride: z.input<typeof standingAnswer>
  removeOverride: undefined
  revokeMethod: z.input<typeof revokedAnswer>
  listDevices: z.input<typeof devicesAnswer>
  revokeDevice: z.input<typeof devicesAnswer>
  revokeDevices: z.input<typeof devicesAnswer>
  resetUser: z.input<typeof resetAnswer>
  unlockUser: undefined
  giveBypass: z.input<typeof bypassAnswer>
  takeBypassBack: undefined
  tryChange: z.input<typeof changeAnswer>
  listAudit: z.input<typeof auditAnswer>
  exportAudit: undefined
  showSync: z.input<typeof syncAnswer>
  runSync: z.input<typeof syncAnswer>
}

export interface Question {
  path?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  /** The version that a change rests on; `none`: there must be nothing yet. */
  version?: number | 'none'
}

/** The API, as a page asks it in the name of whoever opened the page: what it refuses is refused here. */
export interface Api {
  /** @throws Problem, DirectoryError or AppError, as the endpoint does */
  ask<Id extends keyof Answers>(id: Id, question?: Question): Promise<Answer<Answers[Id]>>
  /** What the endpoint makes of a body, without doing anything. @throws Problem bad-request */
  read(id: keyof Answers, body: unknown): unknown
}

/** @param endpoints by id */
export function createApiFor(
  context: WebContext,
  realm: Realm,
  endpoints: ReadonlyMap<string, Endpoint>,
  presence: Presence,
  address: string | undefined,
): Api {
  return {
    async ask(id, { path = {}, query = {}, body, version } = {}) {
      const endpoint = endpointOf(endpoints, id)
      const headers = headersOf(version)
      const call = await openCall(context, realm, endpoint, presence, {
        path,
        query,
        body: async () => body ?? {},
        headers: { get: (name) => headers[name.toLowerCase()] },
        address,
      })
      return (await endpoint.does(call)) as Answer<Answers[typeof id]>
    },
    read(id, body) {
      const { body: schema } = endpointOf(endpoints, id)
      return schema === undefined ? undefined : parsePart(schema, 'body', body)
    },
  }
}

function endpointOf(endpoints: ReadonlyMap<string, Endpoint>, id: string): Endpoint {
  const found = endpoints.get(id)
  if (found === undefined) throw new Error(`the API has no endpoint ${id}`)
  return found
}

function headersOf(version: Question['version']): Record<string, string> {
  if (version === undefined) return {}
  return version === 'none' ? { 'if-none-match': '*' } : { 'if-match': etagOf(version) }
}
