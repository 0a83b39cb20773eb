import type { SecretName } from '../../core/administration/administration.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { Delivery } from '../render/admin-view.ts'
import type { Visit } from './visit.ts'

/** How each secret is written by the API, and in which group of settings it is used. */
export const SECRETS = {
  'mail-password': {
    save: 'saveMailPassword',
    remove: 'removeMailPassword',
    field: 'password',
    group: 'mail',
  },
  'twilio-auth-token': {
    save: 'saveTwilioAuthToken',
    remove: 'removeTwilioAuthToken',
    field: 'authToken',
    group: 'sms',
  },
  'sms-webhook-secret': {
    save: 'saveSmsWebhookSecret',
    remove: 'removeSmsWebhookSecret',
    field: 'secret',
    group: 'sms',
  },
} as const satisfies Record<SecretName, object>

/** The secrets that these settings use. */
function secretsFor({ mail, smsProvider }: RealmSettings): SecretName[] {
  return [
    ...(mail?.username === undefined ? [] : (['mail-password'] as const)),
    ...(smsProvider === 'twilio' ? (['twilio-auth-token'] as const) : []),
    ...(smsProvider === 'webhook' ? (['sms-webhook-secret'] as const) : []),
  ]
}

/** What belongs to a group of settings besides its fields: secrets, and a message to try it out. */
export async function deliveriesOf({ api, at, caller, policy }: Visit): Promise<Map<string, Delivery>> {
  const { settings } = policy
  const { body } = await api.ask('listSecrets')
  const mayChange = caller.roles.has('tfa-admin')
  const used = secretsFor(settings)
  const named = (Object.keys(SECRETS) as SecretName[]).filter(
    (name) => used.includes(name) || body.set.includes(name),
  )
  const of = (group: 'mail' | 'sms', isReady: boolean, test: string): [string, Delivery] => [
    group,
    {
      secrets: named
        .filter((name) => SECRETS[name].group === group)
        .map((name) => ({
          name,
          isSet: body.set.includes(name),
          ...(mayChange ? { href: at(`/settings/secrets/${name}`) } : {}),
        })),
      ...(mayChange && isReady ? { testUrl: at(test) } : {}),
    },
  ]
  return new Map([
    of('mail', settings.mail !== undefined, '/settings/mail-test'),
    of('sms', settings.smsCountries.length > 0, '/settings/sms-test'),
  ])
}
