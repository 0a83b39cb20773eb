import { z } from 'zod'
import { emailAddress } from '../../core/settings.ts'
import { text } from './fields.ts'

export const passwordBody = z.strictObject({
  password: text(255, "The mail server's password: written and used, never shown.").min(1),
})

export const testBody = z.strictObject({ to: emailAddress })

export const testAnswer = z.strictObject({
  result: z.enum(['sent', 'failed', 'refused']),
  why: z.string().nullable().meta({ description: 'What the server, or the way to it, said.' }),
})
