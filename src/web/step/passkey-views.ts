import { triable } from '../../core/login/triable.ts'
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
    allowCredentials: triable(situation.credentials, 'passkey').map((own) => descriptorOf(own, kit)),
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
    excludeCredentials: credentials
      .filter(({ method }) => method === 'passkey')
      .map((own) => descriptorOf(own, kit)),
  })
}

function descriptorOf({ method, data }: Situation['credentials'][number], kit: Kit) {
  const known = kit.registry.get(method)
  const shown: Shown | undefined = known?.showChallenge(known.read(data))
  if (shown?.kind !== 'passkey') throw new Error('not a passkey')
  return { type: 'public-key', id: shown.id, transports: shown.transports }
}
