import type { Courier, Handover } from '../../core/ports.ts'
import { RETRIABLE, wordsFor } from './connection.ts'

/** How to reach Twilio. */
export interface TwilioAccount {
  accountSid: string
  authToken: string
  /** A number or a messaging service (`MG…`) to send from. */
  from: string
  /** Where Twilio reports what became of a message; informational only. */
  statusCallback?: string
  /** Twilio's API, or what stands in for it. */
  baseUrl: string
}

const TIMEOUT = 2_500

/** Sends by Twilio's own client, which is loaded with the first courier that needs it. */
export function twilioCourier(account: TwilioAccount): Courier {
  const { accountSid, authToken, from, statusCallback, baseUrl } = account
  const client = once(async () => {
    const { default: twilio } = await import('twilio')
    const made = twilio(accountSid, authToken, { autoRetry: false, timeout: TIMEOUT })
    made.api.baseUrl = baseUrl
    return made
  })
  const rest = {
    ...(from.startsWith('MG') ? { messagingServiceSid: from } : { from }),
    ...(statusCallback === undefined ? {} : { statusCallback }),
  }

  return {
    async send({ to, text }) {
      for (let tries = 1; ; tries++) {
        try {
          const { messages } = await client()
          await messages.create({ to, body: text, ...rest })
          return { result: 'sent' }
        } catch (error) {
          if (tries === 1 && isRetriable(error)) continue
          return failureOf(error)
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

/** What Twilio's own messages say would name the number (R23); https://www.twilio.com/docs/api/errors */
const WORDS: Record<number, string> = {
  20_003: 'Twilio did not take the account SID and the auth token',
  20_404: 'Twilio does not know the account, or it may not send',
  21_211: 'Twilio says that this is no number',
  21_408: 'the account at Twilio may not send to this country',
  21_606: 'the account at Twilio may not send from that number',
  21_608: 'the account at Twilio is for trials, and sends to verified numbers alone',
  21_610: 'who has this number told Twilio to send nothing any more',
  21_612: 'Twilio has no way from that number to this one',
  21_614: 'Twilio says that this is no mobile number',
  21_659: 'the number to send from is not one of the account at Twilio',
  21_701: 'Twilio does not know the messaging service',
  21_703: 'the messaging service at Twilio has no number to send from',
}

function failureOf(error: unknown): Handover {
  const [status, code] = ['status', 'code'].map((name) =>
    error instanceof Error ? (Reflect.get(error, name) as unknown) : undefined,
  )
  if (typeof status !== 'number') return { result: 'failed', why: wordsFor(error, 'Twilio') }
  const known = typeof code === 'number' ? WORDS[code] : undefined
  const words = known ?? (status === 401 ? WORDS[20_003] : 'Twilio did not take the message')
  const number = typeof code === 'number' ? `error ${code}` : `status ${status}`
  return { result: status === 400 ? 'refused' : 'failed', why: `${words} (${number})` }
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
