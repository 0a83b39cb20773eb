import { ScureBase32Plugin } from 'otplib'
import { z } from 'zod'
import type { ForeignApp, SkipReason } from '../../../core/moving/moving.ts'

const MIN_BYTES = 16
const MAX_BYTES = 64
const ALGORITHMS = new Map([
  ['HmacSHA1', 'sha1'],
  ['HmacSHA256', 'sha256'],
  ['HmacSHA512', 'sha512'],
])
const PLAIN = { algorithm: 'sha1', digits: 6, period: 30 }

/** An id as a database can keep it, whatever a file says: neither control characters nor half a character. */
export const foreignId = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,255}$/u)

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' })
    return z.NEVER
  }
})

const secretData = z.object({ value: z.string().min(1) })
const credentialData = z.object({
  subType: z.enum(['totp', 'hotp']),
  digits: z.int(),
  period: z.int(),
  algorithm: z.string(),
  secretEncoding: z.string().nullish(),
})
const credential = z.object({
  id: foreignId,
  userLabel: z.string().nullish(),
  // Only told to people: what is no moment takes no app away.
  createdDate: z.int().nonnegative().nullish().catch(undefined),
  secretData: json.pipe(secretData),
  credentialData: json.pipe(credentialData),
})

const base32 = new ScureBase32Plugin()

/**
 * Reads a credential of the type `otp` as Keycloak keeps it; never throws. What was shown before `now`, epoch
 * milliseconds, is not taken here: Keycloak may have accepted it (RFC 6238, 5.2).
 */
export function readApp(raw: unknown, now: number): ForeignApp {
  const parsed = credential.safeParse(raw)
  const id = z.object({ id: foreignId }).safeParse(raw).data?.id
  const skip = (reason: SkipReason): ForeignApp => ({ id, skip: reason })
  if (!parsed.success) return skip('malformed')
  const { userLabel, createdDate, secretData: secret, credentialData: how } = parsed.data
  if (how.subType === 'hotp') return skip('hotp')
  const algorithm = ALGORITHMS.get(how.algorithm)
  const { digits, period } = how
  if (algorithm === undefined || (digits !== 6 && digits !== 8)) return skip('unsupported')
  if (period < 10 || period > 120) return skip('unsupported')
  const bytes = bytesOf(secret.value, how.secretEncoding ?? undefined)
  if (bytes === undefined) return skip('malformed')
  if (bytes.length < MIN_BYTES) return skip('weak')
  if (bytes.length > MAX_BYTES) return skip('unsupported')
  return {
    id: parsed.data.id,
    label: userLabel ?? undefined,
    createdAt: createdDate ?? undefined,
    data: {
      secret: base32.encode(bytes),
      lastStep: Math.floor(now / 1000 / period),
      ...(algorithm === PLAIN.algorithm ? {} : { algorithm }),
      ...(digits === PLAIN.digits ? {} : { digits }),
      ...(period === PLAIN.period ? {} : { period }),
    },
  }
}

/** The key: the text's own bytes, unless it says that it is base32 (keycloak#9434). */
function bytesOf(value: string, encoding: string | undefined): Uint8Array | undefined {
  if (encoding === undefined) return Buffer.from(value, 'utf8')
  if (encoding !== 'BASE32') return undefined
  const clean = value.replaceAll(/[\s=-]/g, '').toUpperCase()
  if (!/^[A-Z2-7]+$/.test(clean)) return undefined
  try {
    return base32.decode(clean)
  } catch {
    return undefined
  }
}
