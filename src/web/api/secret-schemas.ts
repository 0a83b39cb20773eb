import { z } from 'zod'
import { SECRET_NAMES } from '../../core/administration/administration.ts'
import { text } from './fields.ts'

const secret = (description: string) => text(255, `${description}: written and used, never shown.`).min(1)

export const passwordBody = z.strictObject({ password: secret("The mail server's password") })
export const authTokenBody = z.strictObject({ authToken: secret('The auth token of the account at Twilio') })
export const webhookSecretBody = z.strictObject({
  secret: secret("The key of the webhook's HMAC-SHA-256, `whsec_` and base64 or the text itself").min(16),
})

const name = z.enum(SECRET_NAMES)

export const secretsAnswer = z.strictObject({
  set: z.array(name).meta({ description: 'Those that are set.' }),
})
