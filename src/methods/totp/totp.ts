import { generateSecret, verifySync } from 'otplib'
import { z } from 'zod'
import type { Account, Method, MethodContext } from '../../core/method.ts'

const PERIOD = 30
const DIGITS = 6
const SECRET_BYTES = 20

const stored = z.object({
  secret: z.string().min(26),
  lastStep: z.int().nonnegative(),
  // Of an app that was set up elsewhere and moved in; NIST SP 800-63B-4, 3.1.4.2 has codes change every two minutes.
  algorithm: z.enum(['sha1', 'sha256', 'sha512']).optional(),
  digits: z.literal([6, 8]).optional(),
  period: z.int().min(10).max(120).optional(),
})

/**
 * An authenticator app. `secret` is base32; `lastStep` is the newest time step that was accepted (RFC 6238, 5.2), counted
 * in the credential's own period. Without an algorithm, digits and period they are SHA-1, 6 and 30 s.
 */
type TotpCredential = z.infer<typeof stored>

/** App codes: RFC 6238 with SHA-1, 6 digits, 30 s on new ones, and one step of drift either way (R1, R2). */
export const totp: Method<TotpCredential, TotpCredential> = {
  id: 'totp',
  amr: 'otp',
  level: 2,
  companion: false,
  single: false,

  read: (json) => stored.parse(json),

  beginEnrolment: () => ({ keep: { secret: generateSecret({ length: SECRET_BYTES }), lastStep: 0 } }),

  showEnrolment: ({ secret }, account) => ({ kind: 'totp', secret, uri: keyUri(secret, account) }),

  finishEnrolment: (pending, answer, _account, context) => accept(stored.parse(pending), answer, context),

  showChallenge: ({ digits = DIGITS }) => ({ kind: 'totp', digits }),

  finishChallenge: (credential, _state, answer, _account, context) => accept(credential, answer, context),
}

function accept(credential: TotpCredential, answer: string, context: MethodContext) {
  const { secret, algorithm = 'sha1', digits = DIGITS, period = PERIOD } = credential
  const token = answer.replaceAll(/[\s-]/g, '')
  if (!/^\d+$/.test(token) || token.length !== digits)
    return { ok: false as const, error: 'missing' as const }
  const result = verifySync({
    secret,
    token,
    algorithm,
    digits,
    period,
    epoch: Math.floor(context.now / 1000),
    epochTolerance: period,
  })
  if (!result.valid || !('timeStep' in result) || result.timeStep <= credential.lastStep) {
    return { ok: false as const, error: 'wrong' as const }
  }
  return { ok: true as const, credential: { ...credential, lastStep: result.timeStep } }
}

/** The encoded length of a name: three of them and the secret fit into a QR code, which ends at 2,331 bytes. */
const MAX_NAME = 600

/** A name in a key URI, cut where it is too long for a QR code; a colon would end the issuer or the account name. */
function name(text: string): string {
  let encoded = ''
  for (const character of text.toWellFormed().replaceAll(':', ' ')) {
    const next = encodeURIComponent(character)
    if (encoded.length + next.length > MAX_NAME) break
    encoded += next
  }
  return encoded
}

/** The key URI that apps read. */
function keyUri(secret: string, { issuer, username }: Account): string {
  const query = `secret=${secret}&issuer=${name(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${PERIOD}`
  return `otpauth://totp/${name(issuer)}:${name(username)}?${query}`
}
