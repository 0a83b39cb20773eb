import KcAdminClient from '@keycloak/keycloak-admin-client'

export type { KcAdminClient }

/** Who changes the realm: an administrator's name and password, or a client of the admin realm with a secret. */
export type AdminCredentials =
  { username: string; password: string; totp?: string } | { clientId: string; clientSecret: string }

/** Where to sign in as administrator. */
export interface AdminLogin {
  /** Keycloak's address without `/realms/…`, as this process reaches it. */
  url: string
  /** The realm that knows the administrator, mostly `master`. */
  realm: string
  credentials: AdminCredentials
}

/** Keycloak refused the administrator. */
export class AdminRefused extends Error {}

interface Tokens {
  access: string
  refresh: string | undefined
  /** Epoch milliseconds. */
  until: number
}

/**
 * Signs in, and gives a client of the Admin REST API whose calls each name their realm. The credentials live in this
 * process's memory alone.
 * @throws AdminRefused where Keycloak does not take them
 */
export async function connectAdmin(login: AdminLogin): Promise<KcAdminClient> {
  let tokens = await grant(login, first(login.credentials))
  const client = new KcAdminClient({ baseUrl: login.url, realmName: login.realm })
  // The client's own refresh asks a realm that its calls have changed meanwhile.
  client.registerTokenProvider({
    async getAccessToken() {
      if (tokens.until < Date.now()) tokens = await renew(login, tokens)
      return tokens.access
    },
  })
  return client
}

async function renew(login: AdminLogin, { refresh }: Tokens): Promise<Tokens> {
  const client = 'clientId' in login.credentials ? login.credentials.clientId : 'admin-cli'
  if (refresh === undefined) return await grant(login, first(login.credentials))
  return await grant(login, { grant_type: 'refresh_token', client_id: client, refresh_token: refresh })
}

function first(credentials: AdminCredentials): Record<string, string> {
  if ('clientId' in credentials) {
    const { clientId, clientSecret } = credentials
    return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  }
  const { username, password, totp } = credentials
  const form = { grant_type: 'password', client_id: 'admin-cli', username, password }
  return totp === undefined ? form : { ...form, totp }
}

async function grant({ url, realm }: AdminLogin, form: Record<string, string>): Promise<Tokens> {
  const address = `${url}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`
  const response = await fetch(address, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'error',
    signal: AbortSignal.timeout(20_000),
  }).catch((cause: unknown) => {
    throw new AdminRefused(`Keycloak can't be reached at ${url}`, { cause })
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.ok && typeof answer['access_token'] === 'string') {
    const life = typeof answer['expires_in'] === 'number' ? answer['expires_in'] : 60
    const refresh = answer['refresh_token']
    return {
      access: answer['access_token'],
      refresh: typeof refresh === 'string' ? refresh : undefined,
      until: Date.now() + life * 500,
    }
  }
  const said = answer['error_description'] ?? answer['error']
  const reason = typeof said === 'string' ? said : `status ${response.status}`
  throw new AdminRefused(`Keycloak's realm "${realm}" refused the administrator: ${reason}`)
}
