import { createRemoteJWKSet, customFetch } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { Realm } from '../../core/realm.ts'

/**
 * The realm's published keys: fetched when first needed, again for an unknown kid at most every 10 s, kept 10 minutes.
 * @param asked told of every fetch whether Keycloak answered with keys
 */
export function realmKeys(realm: Realm, asked: (answered: boolean) => void): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(`${realm.keycloakUrl}/protocol/openid-connect/certs`), {
    timeoutDuration: 1_000,
    cooldownDuration: 10_000,
    cacheMaxAge: 600_000,
    async [customFetch](url, options) {
      try {
        const response = await fetch(url, options)
        asked(response.ok)
        return response
      } catch (error) {
        asked(false)
        throw error
      }
    },
  })
}
