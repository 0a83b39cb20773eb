import { createRemoteJWKSet } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { Realm } from '../../core/realm.ts'

/** The realm's published keys: fetched when first needed, again for an unknown kid at most every 10 s, kept 10 minutes. */
export function realmKeys(realm: Realm): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(`${realm.keycloakUrl}/protocol/openid-connect/certs`), {
    timeoutDuration: 1_000,
    cooldownDuration: 10_000,
    cacheMaxAge: 600_000,
  })
}
