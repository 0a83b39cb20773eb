import { z } from 'zod'
import type { MethodContext } from '../../core/method.ts'
import type { Passkey } from './passkey.ts'

/** EdDSA, ES256, RS256 (RFC 9053, RFC 8812), in the order in which they are wanted. */
export const ALGORITHMS = [-8, -7, -257]

/** Loaded with the first passkey: it is a sixth of all code, and realms have no passkeys until they allow them. */
const library = async () => await import('@simplewebauthn/server')

const text = z.string().max(12_000)

/** What a browser's `PublicKeyCredential.toJSON()` gives, as far as it is looked at; everything in it is unproven. */
const answer = z.object({
  id: text.min(1),
  rawId: text,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: text,
    attestationObject: text.optional(),
    authenticatorData: text.optional(),
    signature: text.optional(),
    userHandle: text.nullish(),
    transports: z.array(z.string().max(32)).max(10).optional(),
  }),
})

type Answer = z.infer<typeof answer>

/** Undefined where it is nothing that an authenticator could have answered. */
export function readAnswer(given: string): Answer | undefined {
  try {
    return answer.safeParse(JSON.parse(given)).data
  } catch {
    return undefined
  }
}

/** A new passkey (WebAuthn Level 3, 7.1). Undefined where anything about it is not as it must be. */
export async function verifyRegistration(
  { id, rawId, type, response }: Answer,
  context: MethodContext,
): Promise<Omit<Passkey, 'user'> | undefined> {
  const { clientDataJSON, attestationObject, transports = [] } = response
  if (attestationObject === undefined || !isTopLevel(clientDataJSON)) return undefined
  const { verifyRegistrationResponse } = await library()
  const verified = await orUndefined(
    verifyRegistrationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, attestationObject },
        clientExtensionResults: {},
      },
      ...expectedOf(context),
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  )
  if (verified?.verified !== true) return undefined
  const { credential, credentialDeviceType, credentialBackedUp } = verified.registrationInfo
  return {
    id: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports,
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp: credentialBackedUp,
  }
}

/**
 * A use of this passkey (WebAuthn Level 3, 7.2), all but its counter. Undefined where it is another one's, or anything
 * about it is not as it must be.
 */
export async function verifyAssertion(
  { id, rawId, type, response }: Answer,
  known: Passkey,
  context: MethodContext,
): Promise<Pick<Passkey, 'counter' | 'backedUp'> | undefined> {
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  if (id !== known.id || authenticatorData === undefined || signature === undefined) return undefined
  if ((userHandle ?? known.user) !== known.user || !isTopLevel(clientDataJSON)) return undefined
  const { verifyAuthenticationResponse } = await library()
  const verified = await orUndefined(
    verifyAuthenticationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      ...expectedOf(context),
      // The library looks at the counter before the signature: whoever signs nothing could have the user warned.
      credential: { id: known.id, publicKey: Buffer.from(known.publicKey, 'base64url'), counter: 0 },
    }),
  )
  if (verified?.verified !== true) return undefined
  const { newCounter, credentialDeviceType, credentialBackedUp } = verified.authenticationInfo
  if ((credentialDeviceType === 'multiDevice') !== known.backupEligible) return undefined
  return { counter: newCounter, backedUp: credentialBackedUp }
}

function expectedOf({ toSign, site, settings }: MethodContext) {
  // A step without anything to sign takes no signature.
  if (toSign === undefined) throw new Error('nothing was made to be signed')
  return {
    expectedChallenge: toSign,
    expectedOrigin: site.origin,
    expectedRPID: site.rpId,
    requireUserVerification: settings.passkeyVerification === 'required',
  }
}

/** Our pages are never in a frame: an answer from one was not asked for by them. */
function isTopLevel(clientDataJSON: string): boolean {
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
    return z.object({ crossOrigin: z.literal(false).optional() }).safeParse(data).success
  } catch {
    return false
  }
}

/** The library throws at whatever is wrong, and at what it can't read. */
async function orUndefined<T>(verified: Promise<T>): Promise<T | undefined> {
  try {
    return await verified
  } catch {
    return undefined
  }
}
