import { NetworkError } from '@keycloak/keycloak-admin-client'
import type { KcAdminClient } from '../admin-session.ts'

const NOT_FOUND = 404

/**
 * Takes one credential away in Keycloak, by its id.
 * @returns `absent` where Keycloak has it no more, `failed` where Keycloak refuses or fails
 */
export async function removeApp(
  admin: KcAdminClient,
  realm: string,
  { userId, source }: { userId: string; source: string },
): Promise<'removed' | 'absent' | 'failed'> {
  try {
    await admin.users.deleteCredential({ realm, id: userId, credentialId: source })
    return 'removed'
  } catch (error) {
    return error instanceof NetworkError && error.response.status === NOT_FOUND ? 'absent' : 'failed'
  }
}
