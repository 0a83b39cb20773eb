import type { SecretName } from '../../core/administration/administration.ts'
import type { Courier, Handover, TextMessage } from '../../core/ports.ts'
import type { RealmSettings } from '../../core/settings.ts'
import { withTimeout } from '../../patience.ts'
import { twilioCourier } from './twilio.ts'
import { webhookCourier } from './webhook.ts'

/** Milliseconds that a page waits, whatever makes it long: names that are not found, or an answer that trickles. */
const LONGEST = 2_700

/** What realms send by. */
export interface Post {
  /** Whom the operator chose for every realm that names nobody of its own. */
  operator: Courier | undefined
  /** Nothing is sent: the operator's courier keeps the messages of every realm. */
  isTrial: boolean
  /** Opens a secret of the realm; undefined where there is none. Throws where it can't be read. */
  secretOf: (realm: string, name: SecretName) => Promise<string | undefined>
  /** The network address of a host that a realm names. @throws Error whose message may be shown */
  reach: (host: string) => Promise<string>
  /** Hosts in private networks that realms may name; plain http goes to these alone. */
  privateHosts: readonly string[]
  /** Twilio's API. */
  twilioUrl: string
}

/** Sends a realm's text messages as its settings say at this moment; never throws. */
export type RealmCourier = (realm: string, settings: RealmSettings, message: TextMessage) => Promise<Handover>

export function createRealmCourier(post: Post): RealmCourier {
  return async (realm, settings, message) => {
    try {
      const courier = await courierOf(post, realm, settings)
      if (typeof courier === 'string') return { result: 'failed', why: courier }
      return await withTimeout(courier.send(message), LONGEST).catch(() => ({
        result: 'failed',
        why: 'the provider of text messages did not answer in time',
      }))
    } catch {
      return { result: 'failed', why: "the secret of the provider of text messages can't be read" }
    }
  }
}

/** Whether anybody sends the text messages of a realm with these settings. */
export function hasCourier({ operator }: Pick<Post, 'operator'>, { smsProvider }: RealmSettings): boolean {
  return smsProvider !== 'operator' || operator !== undefined
}

/** @returns why there is none, else who sends */
async function courierOf(
  { operator, isTrial, secretOf, reach, privateHosts, twilioUrl }: Post,
  realm: string,
  { smsProvider, smsTwilio, smsWebhook }: RealmSettings,
): Promise<Courier | string> {
  if (isTrial || smsProvider === 'operator') return operator ?? 'nobody sends text messages for this realm'
  if (smsProvider === 'twilio') {
    if (smsTwilio === undefined) return 'no account at Twilio is set'
    const authToken = await secretOf(realm, 'twilio-auth-token')
    if (authToken === undefined) return 'no auth token for Twilio is set'
    return twilioCourier({ ...smsTwilio, authToken, baseUrl: twilioUrl })
  }
  if (smsWebhook === undefined) return 'no address of a webhook is set'
  const secret = await secretOf(realm, 'sms-webhook-secret')
  if (secret === undefined) return 'no secret of the webhook is set'
  return webhookCourier({
    url: smsWebhook,
    secret,
    async reach({ hostname, protocol }) {
      const host = hostname.replaceAll(/[[\]]/g, '')
      // What travels there is a code, for whoever listens on the way.
      if (protocol === 'http:' && !privateHosts.includes(host)) {
        throw new Error('the address must be https: plain http goes only to hosts that the operator opened')
      }
      return await reach(host)
    },
  })
}
