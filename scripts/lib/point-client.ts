import { AdminRefused, connectAdmin } from '../../src/adapters/keycloak/admin-session.ts'
import { applyClient, findClient } from '../../src/adapters/keycloak/setup/apply-client.ts'
import { CLIENT_ID } from '../../src/adapters/keycloak/setup/names.ts'
import { sidecarClient } from '../../src/adapters/keycloak/setup/plan-client.ts'
import { ScriptError } from './run.ts'

/**
 * Tells the trial's Keycloak where the sidecar's keys and pages are: the worker proves itself by the keys, people sign in
 * to the pages, and LATCHKEY_HTTP_PORT may have moved the sidecar since the realm was imported.
 *
 * @returns a sentence where that could not be done since `admin` has another password by now
 * @throws ScriptError when the realm's data is older than its client
 */
export async function pointClient(
  keycloakUrl: string,
  realm: string,
  issuer: string,
): Promise<string | undefined> {
  const credentials = { username: 'admin', password: 'admin' }
  const admin = await connectAdmin({ url: keycloakUrl, realm: 'master', credentials }).catch(
    (error: unknown) => {
      if (error instanceof AdminRefused) return error
      throw error
    },
  )
  if (admin instanceof AdminRefused) {
    return `${admin.message}. See that the client ${CLIENT_ID} has the JWKS URL ${issuer}/jwks.`
  }
  const client = await findClient(admin, realm, CLIENT_ID)
  if (client === undefined) {
    throw new ScriptError(
      `The trial's realm is of an older version: it lacks the client ${CLIENT_ID}. Start over with "npm run reset".`,
    )
  }
  const { fields, attributes } = sidecarClient({ jwksUrl: `${issuer}/jwks` }, undefined)
  if (client.attributes?.['jwks.url'] === attributes['jwks.url']) return undefined
  await applyClient(admin, realm, { clientId: CLIENT_ID, ...fields, attributes })
  return undefined
}
