import { input, password as askPassword } from '@inquirer/prompts'
import { readFileSync } from 'node:fs'
import { connectAdmin } from '../adapters/keycloak/admin-session.ts'
import type { AdminCredentials, KcAdminClient } from '../adapters/keycloak/admin-session.ts'
import type { Config } from '../config.ts'
import type { Realm } from '../core/realm.ts'

/** The options by which setup and doctor choose a realm and an administrator. */
export interface TargetOptions {
  realm?: string
  adminRealm: string
}

/** How administrators are taken from the environment; printed by `--help`. */
export const CREDENTIALS_HELP = `
The administrator of Keycloak is asked for at the terminal, or taken from the environment, and never kept:
  LATCHKEY_SETUP_USERNAME, LATCHKEY_SETUP_PASSWORD           a user of the admin realm
  LATCHKEY_SETUP_CLIENT_ID, LATCHKEY_SETUP_CLIENT_SECRET     or a client of it with a service account
Each has a twin that ends in _FILE and names a file. The other settings are those of the server (LATCHKEY_…).`

/** @throws Error where no realm was named and several are configured, or it is not one of them */
export function chooseRealm({ realms }: Pick<Config, 'realms'>, name: string | undefined): Realm {
  const names = realms.map((realm) => realm.name).join(', ')
  const [only, second] = realms
  if (name === undefined && only !== undefined && second === undefined) return only
  if (name === undefined) throw new Error(`name the realm by --realm, one of ${names}`)
  const realm = realms.find((one) => one.name === name)
  if (realm !== undefined) return realm
  throw new Error(
    `the server would refuse the realm "${name}": LATCHKEY_REALMS has ${names}; add it there first`,
  )
}

/** Signs in as administrator. @throws Error where nobody can be asked and the environment says nothing */
export async function signIn(config: Config, { adminRealm }: TargetOptions): Promise<KcAdminClient> {
  const url = config.keycloakBackchannelUrl === '' ? config.keycloakUrl : config.keycloakBackchannelUrl
  const credentials = fromEnvironment(process.env) ?? (await ask(url, adminRealm))
  return await connectAdmin({ url, realm: adminRealm, credentials })
}

/** The administrator that the environment names; undefined where it names none. */
export function fromEnvironment(environment: NodeJS.ProcessEnv): AdminCredentials | undefined {
  const value = (name: string) => {
    const file = environment[`LATCHKEY_SETUP_${name}_FILE`]
    if (file !== undefined && file !== '') return readFileSync(file, 'utf8').trim()
    return environment[`LATCHKEY_SETUP_${name}`]
  }
  const [clientId, clientSecret] = [value('CLIENT_ID'), value('CLIENT_SECRET')]
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret }
  const [username, password] = [value('USERNAME'), value('PASSWORD')]
  return username === undefined || password === undefined ? undefined : { username, password }
}

async function ask(url: string, realm: string): Promise<AdminCredentials> {
  if (!process.stdin.isTTY) {
    throw new Error(
      'no administrator: set LATCHKEY_SETUP_USERNAME and LATCHKEY_SETUP_PASSWORD, or run it at a terminal',
    )
  }
  const username = await input({ message: `Administrator of Keycloak's realm "${realm}" at ${url}` })
  const password = await askPassword({ message: 'Password', mask: true })
  const totp = await input({ message: 'One-time code (empty where none is asked)' })
  return { username, password, ...(totp === '' ? {} : { totp }) }
}
