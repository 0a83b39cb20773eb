import { z } from 'zod'
import { text } from './fields.ts'

export const passwordBody = z.strictObject({
  password: text(255, "The mail server's password: written and used, never shown.").min(1),
})

export const testBody = z.strictObject({ to: z.email('must be an e-mail address').max(254) })

export const testAnswer = z.strictObject({
  result: z.enum(['sent', 'failed', 'refused']),
  why: z.string().nullable().meta({ description: 'What the server, or the way to it, said.' }),
})
