import { shownOf, triable } from '../../core/login/triable.ts'
import type { Shown } from '../../core/method.ts'
import type { Kit } from '../../core/login/step.ts'
import type { Situation } from '../../core/login/transaction.ts'

/** How long a browser waits for the user and their key, milliseconds. */
const PATIENCE = 120_000

/** What a browser needs to ask for one of the user's passkeys, as `parseRequestOptionsFromJSON` takes it. */
export function requestOptions(situation: Situation, toSign: string, kit: Kit): string {
  return JSON.stringify({
    challenge: toSign,
    rpId: kit.site.rpId,
    timeout: PATIENCE,
    userVerification: situation.settings.passkeyVerification,
    // All of them: whichever the user has at hand will do.
    allowCredentials: descriptorsOf(triable(situation.credentials, 'passkey'), kit),
  })
}

/**
 * What a browser needs to make a passkey, as `parseCreationOptionsFromJSON` takes it. No attestation, since which device
 * it is, is nobody's business; nothing kept on a security key that has little room, since the user is known by then.
 */
export function creationOptions(
  situation: Situation,
  toSign: string,
  { user, algorithms }: Shown & { kind: 'new-passkey' },
  kit: Kit,
): string {
  const { transaction, credentials, settings } = situation
  const { account, question } = transaction
  return JSON.stringify({
    challenge: toSign,
    rp: { id: kit.site.rpId, name: question.realmDisplayName },
    user: { id: user, name: account.username, displayName: account.username },
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: PATIENCE,
    attestation: 'none',
    authenticatorSelection: {
      residentKey: 'discouraged',
      requireResidentKey: false,
      userVerification: settings.passkeyVerification,
    },
    excludeCredentials: descriptorsOf(
      credentials.filter(({ method }) => method === 'passkey'),
      kit,
    ),
  })
}

/** What browsers know a passkey by; one that no key opens can't be named. */
function descriptorsOf(credentials: Situation['credentials'], kit: Kit) {
  return credentials.flatMap((credential) => {
    const shown = shownOf(credential, kit.registry)
    return shown?.kind === 'passkey'
      ? [{ type: 'public-key', id: shown.id, transports: shown.transports }]
      : []
  })
}
