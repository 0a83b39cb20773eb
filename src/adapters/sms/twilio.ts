import type { Courier } from '../../core/ports.ts'
import { RETRIABLE } from './retriable.ts'

/** How to reach Twilio. */
export interface TwilioAccount {
  accountSid: string
  authToken: string
  /** A number or a messaging service (`MG…`) to send from. */
  from: string
  /** Where Twilio reports what became of a message; informational only. */
  statusCallback: string
  /** Twilio's API, or what stands in for it. */
  baseUrl: string
}

const TIMEOUT = 2_500

/** Sends by Twilio's own client, which is loaded when the first message is sent. */
export function twilioCourier(account: TwilioAccount): Courier {
  const { accountSid, authToken, from, statusCallback, baseUrl } = account
  const client = once(async () => {
    const { default: twilio } = await import('twilio')
    const made = twilio(accountSid, authToken, { autoRetry: false, timeout: TIMEOUT })
    made.api.baseUrl = baseUrl
    return made
  })
  const sender = from.startsWith('MG') ? { messagingServiceSid: from } : { from }

  return {
    async send({ to, text }) {
      for (let tries = 1; ; tries++) {
        try {
          const { messages } = await client()
          await messages.create({ to, body: text, statusCallback, ...sender })
          return 'sent'
        } catch (error) {
          if (tries === 1 && isRetriable(error)) continue
          return statusOf(error) === 400 ? 'refused' : 'failed'
        }
      }
    },
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

function isRetriable(error: unknown): boolean {
  return error instanceof Error && RETRIABLE.has(String(Reflect.get(error, 'code')))
}

function statusOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'status') : undefined
}

/**
 * Checks that Twilio itself reports a status: its signature over the public address and the fields.
 * @param url the address as Twilio knows it
 */
export function callbackCheck(authToken: string, url: string) {
  return async (signature: string, fields: Record<string, string>): Promise<boolean> => {
    const { default: twilio } = await import('twilio')
    return twilio.validateRequest(authToken, signature, url, fields)
  }
}
