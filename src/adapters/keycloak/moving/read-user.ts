import { z } from 'zod'
import type { ForeignUser } from '../../../core/moving/moving.ts'
import { foreignId, readApp } from './read-app.ts'

const user = z.object({
  id: foreignId,
  credentials: z.array(z.unknown()).nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
})
const isOtp = z.object({ type: z.literal('otp') })
const phones = z.tuple([z.string()]).rest(z.unknown())

/** How a source's users are to be read. */
export interface Reading {
  realm: string
  /** The attribute that holds the phone number. */
  phoneAttribute: string
  /** Epoch milliseconds. */
  now: number
}

/** Reads a user as Keycloak's export has it, credentials in the order of their priority; undefined where it is none. */
export function readUser(raw: unknown, { phoneAttribute, now }: Reading): ForeignUser | undefined {
  const parsed = user.safeParse(raw)
  if (!parsed.success) return undefined
  const { id, credentials, attributes } = parsed.data
  const [phone] = phones.safeParse(attributes?.[phoneAttribute]).data ?? []
  return {
    id,
    apps: (credentials ?? []).filter((one) => isOtp.safeParse(one).success).map((one) => readApp(one, now)),
    phone: phone === undefined || phone.trim() === '' ? undefined : phone,
    hasCredentials: (credentials ?? []).length > 0,
  }
}
