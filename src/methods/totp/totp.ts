import { generateSecret, verifySync } from 'otplib'
import { z } from 'zod'
import type { Account, Method, MethodContext } from '../../core/method.ts'

const PERIOD = 30
const DRIFT = PERIOD
const SECRET_BYTES = 20

const stored = z.object({ secret: z.string().min(26), lastStep: z.int().nonnegative() })

/** An authenticator app. `lastStep` is the newest time step that was accepted (RFC 6238, 5.2). */
type TotpCredential = z.infer<typeof stored>

/** App codes: RFC 6238 with SHA-1, 6 digits, 30 s, and one step of drift either way (R1, R2). */
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

  showChallenge: () => ({ kind: 'totp' }),

  finishChallenge: (credential, _state, answer, _account, context) => accept(credential, answer, context),
}

function accept(credential: TotpCredential, answer: string, context: MethodContext) {
  const token = answer.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return { ok: false as const, error: 'missing' as const }
  const result = verifySync({
    secret: credential.secret,
    token,
    epoch: Math.floor(context.now / 1000),
    epochTolerance: DRIFT,
  })
  if (!result.valid || !('timeStep' in result) || result.timeStep <= credential.lastStep) {
    return { ok: false as const, error: 'wrong' as const }
  }
  return { ok: true as const, credential: { ...credential, lastStep: result.timeStep } }
}

/** The key URI that apps read; a colon would end the issuer or the account name. */
function keyUri(secret: string, { issuer, username }: Account): string {
  const name = (text: string) => encodeURIComponent(text.replaceAll(':', ' '))
  const query = `secret=${secret}&issuer=${name(issuer)}&algorithm=SHA1&digits=6&period=${PERIOD}`
  return `otpauth://totp/${name(issuer)}:${name(username)}?${query}`
}
