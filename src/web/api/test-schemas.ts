import { z } from 'zod'
import { emailAddress } from '../../core/settings.ts'
import { text } from './fields.ts'

export const mailTestBody = z.strictObject({ to: emailAddress })

export const smsTestBody = z.strictObject({
  to: text(40, 'A mobile number with its country code, such as +15005550006.').min(1),
})

export const testAnswer = z.strictObject({
  result: z.enum(['sent', 'failed', 'refused']),
  why: z
    .string()
    .nullable()
    .meta({ description: 'What the server or the provider, or the way to it, said.' }),
})
