import { z } from 'zod'
import type { Account, Method, MethodContext } from '../../core/method.ts'
import { ALGORITHMS, readAnswer, verifyAssertion, verifyRegistration } from './ceremony.ts'

const stored = z.object({
  /** As the authenticator knows it, base64url. */
  id: z.string(),
  /** COSE key, base64url. */
  publicKey: z.string(),
  counter: z.int().nonnegative(),
  /** The user's handle that it was made with, base64url. */
  user: z.string(),
  transports: z.array(z.string()),
  /** Whether it may be copied to other devices; never changes. */
  backupEligible: z.boolean(),
  /** Whether it was copied, when it was last used. */
  backedUp: z.boolean(),
})

const pending = z.object({ user: z.string() })

/** One passkey or security key. */
export type Passkey = z.infer<typeof stored>

/**
 * Passkeys and security keys (WebAuthn Level 3): the browser signs for this origin alone, so that there is nothing to
 * phish. No attestation is asked for: which device it is, is nobody's business.
 */
export const passkey: Method<Passkey, z.infer<typeof pending>> = {
  id: 'passkey',
  level: 3,
  companion: false,
  signs: true,
  single: false,

  read: (json) => stored.parse(json),

  beginEnrolment: (account, context) => ({ keep: { user: handleOf(account, context) } }),

  showEnrolment: (state) => ({
    kind: 'new-passkey',
    user: pending.parse(state).user,
    algorithms: ALGORITHMS,
  }),

  async finishEnrolment(state, answer, _account, context) {
    const response = readAnswer(answer)
    if (response === undefined) return { ok: false, error: 'missing' }
    const made = await verifyRegistration(response, context)
    if (made === undefined) return { ok: false, error: 'wrong' }
    const credential = { ...made, user: pending.parse(state).user }
    return { ok: true, credential, amr: amrOf(credential) }
  },

  showChallenge: ({ id, transports, backupEligible }) => ({
    kind: 'passkey',
    id,
    transports,
    synced: backupEligible,
  }),

  async finishChallenge(credential, _state, answer, _account, context) {
    const response = readAnswer(answer)
    if (response === undefined) return { ok: false, error: 'missing' }
    const used = await verifyAssertion(response, credential, context)
    if (used === undefined) return { ok: false, error: 'wrong' }
    const { counter, backedUp } = used
    // An authenticator that counts must have counted; one that does not says zero for ever.
    if ((counter > 0 || credential.counter > 0) && counter <= credential.counter) {
      return { ok: false, error: 'cloned' }
    }
    return { ok: true, credential: { ...credential, counter, backedUp }, amr: amrOf(credential) }
  },
}

/**
 * The RFC 8176 value: `hwk` where the key can't leave its device, `swk` where it can. Without attestation that is the
 * authenticator's own word.
 */
function amrOf({ backupEligible }: Pick<Passkey, 'backupEligible'>): string {
  return backupEligible ? 'swk' : 'hwk'
}

/** The same for a user's every passkey, and nothing that tells who it is (WebAuthn Level 3, 14.6.1). */
function handleOf({ realm, userId }: Account, context: MethodContext): string {
  return context.mac(JSON.stringify(['passkey user', realm, userId])).value
}
