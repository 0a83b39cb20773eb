import { createDirectory } from '../adapters/keycloak/directory.ts'
import { realmKeys } from '../adapters/keycloak/realm-keys.ts'
import { createServiceAccount } from '../adapters/keycloak/service-account.ts'
import { createTokenEndpoint } from '../adapters/keycloak/token-endpoint.ts'
import { DirectoryError } from '../core/sync/directory.ts'
import type { Realm } from '../core/realm.ts'
import type { WebContext } from '../web/context.ts'
import type { Watch } from './watch.ts'

/** Milliseconds that Keycloak has to answer in; a request waits less (patience.ts). */
const KEYCLOAK_TIMEOUT = 10_000

/** How Keycloak's realms are reached; what they answer is seen by the watch. */
export function reachKeycloak(
  realms: readonly Realm[],
  { signer, clock, watch }: { signer: WebContext['signer']; clock: () => number; watch: Watch },
): Pick<WebContext, 'realms' | 'tokens' | 'directoryOf'> {
  const asked = (realm: string, answered: boolean) => watch.tried('keycloak', realm, answered)
  const asking = {
    sign: async (...args: Parameters<typeof signer.sign>) => await signer.sign(...args),
    clock,
    asked,
  }
  const directories = new Map(
    realms.map((realm) => {
      const account = createServiceAccount(realm, { ...asking, timeout: KEYCLOAK_TIMEOUT })
      return [realm.name, createDirectory(realm, account, KEYCLOAK_TIMEOUT)]
    }),
  )
  return {
    realms: new Map(
      realms.map((realm) => {
        const keys = realmKeys(realm, (answered) => asked(realm.name, answered))
        return [realm.name, { realm, keys }]
      }),
    ),
    tokens: createTokenEndpoint({ ...asking, timeout: KEYCLOAK_TIMEOUT }),
    directoryOf: (realm) => directories.get(realm) ?? noDirectory(),
  }
}

function noDirectory(): never {
  throw new DirectoryError('unreachable', 'this server does not answer for that realm')
}
