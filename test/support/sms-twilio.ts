import { createHmac } from 'node:crypto'
import type { Answer } from './sms-receiver.ts'

/** An account that is nobody's. */
export const TWILIO = {
  accountSid: `AC${'0123456789abcdef'.repeat(2)}`,
  authToken: 'fedcba98765432100123456789abcdef',
  from: '+15005550006',
}

/** What Twilio answers to a message that it takes. */
export const TAKEN: Answer = { status: 201, body: { sid: `SM${'0'.repeat(32)}`, status: 'queued' } }

/** What it answers where it will not send to a number; its message names the number. */
export function numberRefused(to: string): Answer {
  const message = `Invalid 'To' Phone Number: ${to}`
  return {
    status: 400,
    body: { code: 21_211, message, more_info: 'https://www.twilio.com/docs/errors/21211', status: 400 },
  }
}

/** The settings of a sidecar that sends by what listens at `url`. */
export function twilioAt(url: string, change: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    LATCHKEY_DELIVERY: 'twilio',
    LATCHKEY_TWILIO_ACCOUNT_SID: TWILIO.accountSid,
    LATCHKEY_TWILIO_AUTH_TOKEN: TWILIO.authToken,
    LATCHKEY_TWILIO_FROM: TWILIO.from,
    LATCHKEY_TWILIO_URL: url,
    ...change,
  }
}

/** Twilio's signature of a request: HMAC-SHA-1 over the address, then every field's name and value by name. */
export function twilioSignature(
  url: string,
  fields: Record<string, string>,
  token = TWILIO.authToken,
): string {
  const text = Object.keys(fields)
    .toSorted()
    .reduce((sum, name) => sum + name + fields[name], url)
  return createHmac('sha1', token).update(text).digest('base64')
}
