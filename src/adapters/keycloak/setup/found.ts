import type { KcAdminClient } from '../admin-session.ts'
import type {
  ClientRepresentation,
  IdentityProvider,
  ProtocolMapper,
  RealmRepresentation,
  RequiredAction,
  UserProfileConfig,
} from './representations.ts'
import { readTree } from './flow-tree.ts'
import type { Flow } from './flow-tree.ts'
import { API_CLIENT_ID, CLIENT_ID, MEMORY, ROLES } from './names.ts'
import { readServiceAccount, readTokenRoles } from './client-rights.ts'
import type { ServiceAccount, TokenRoles } from './client-rights.ts'
import { readMemory } from './memory.ts'
import type { Memory } from './memory.ts'

/** All of a realm that setup and doctor look at, read once. */
export interface Found {
  realm: RealmRepresentation & { realm: string }
  /** What an earlier setup wrote down; undefined where there was none. */
  memory: Memory | undefined
  /** The ids of the server's providers by kind; undefined where this administrator may not see them. */
  providers:
    | {
        authenticators: Set<string>
        actions: Set<string>
        listeners: Set<string>
        credentials: Set<string>
      }
    | undefined
  /** What the bridge says about its own settings, by option; undefined where it says nothing. */
  bridge: Record<string, string> | undefined
  /** Whether a login of late failed because the bridge's settings are not usable; seen only where events are kept. */
  misconfigured: boolean
  version: string | undefined
  flows: Flow[]
  actions: RequiredAction[]
  clients: ClientRepresentation[]
  identityProviders: IdentityProvider[]
  /** Those of Latchkey's realm roles that exist. */
  roles: string[]
  /** The sidecar's service account; undefined where its client has none. */
  service: ServiceAccount | undefined
  /** Which roles the tokens of the API's client may carry; undefined where there is no such client. */
  api: TokenRoles | undefined
  /** The same of the sidecar's own client. */
  pages?: TokenRoles | undefined
  profile: UserProfileConfig
  /** Whether the realm has a profile of its own, or takes Keycloak's default. */
  profileStored: boolean
  /** The realm's default client scopes of OpenID Connect with their mappers. */
  defaultScopes: { id: string; name: string; mappers: ProtocolMapper[] }[]
  /** The names of all its client scopes of OpenID Connect. */
  scopeNames: string[]
  /** The realm's own texts by locale. */
  texts: Record<string, Record<string, string>>
}

/** The component that holds a realm's own user profile. */
export const PROFILE_TYPE = 'org.keycloak.userprofile.UserProfileProvider'
/** The locales that setup has texts for. */
export const LOCALES = ['en', 'de']

/** Reads the realm. @throws Error where there is no such realm, or the administrator may not read it */
export async function readRealm(admin: KcAdminClient, name: string): Promise<Found> {
  const realm = await admin.realms.findOne({ realm: name })
  if (realm === undefined || realm === null) throw new Error(`Keycloak has no realm "${name}"`)
  const clients = await pages(async (page) => await admin.clients.find({ realm: name, ...page }))
  const server = await readServer(admin)
  const profileComponents = await admin.components.find({
    realm: name,
    type: PROFILE_TYPE,
  })
  return {
    realm: { ...realm, realm: name },
    memory: readMemory(realm.attributes?.[MEMORY] as string | undefined),
    ...server,
    misconfigured: await sawMisconfigured(admin, name),
    flows: await readFlows(admin, name),
    actions: await readActions(admin, name),
    clients,
    identityProviders: await pages(
      async (page) =>
        await admin.identityProviders.find({ realm: name, ...page, briefRepresentation: false } as never),
    ),
    roles: await existingRoles(admin, name),
    service: await readServiceAccount(admin, name, clients),
    api: await readTokenRoles(admin, name, clients, API_CLIENT_ID),
    pages: await readTokenRoles(admin, name, clients, CLIENT_ID),
    profile: await admin.users.getProfile({ realm: name }),
    profileStored: profileComponents.length > 0,
    ...(await readScopes(admin, name)),
    texts: await readTexts(admin, name),
  }
}

async function pages<T>(read: (page: { first: number; max: number }) => Promise<T[]>): Promise<T[]> {
  const all: T[] = []
  for (let first = 0; ; first += 100) {
    const page = await read({ first, max: 100 })
    all.push(...page)
    if (page.length < 100) return all
  }
}

async function readServer(admin: KcAdminClient): Promise<Pick<Found, 'providers' | 'bridge' | 'version'>> {
  const info = await admin.serverInfo.find().catch(() => undefined)
  const version = info?.systemInfo?.version
  const kinds = info?.providers
  if (kinds?.['authenticator'] === undefined) return { providers: undefined, bridge: undefined, version }
  const names = (kind: string) => new Set(Object.keys(kinds[kind]?.providers ?? {}))
  return {
    providers: {
      authenticators: names('authenticator'),
      actions: names('required-action'),
      listeners: names('eventsListener'),
      credentials: names('credential'),
    },
    bridge: kinds['authenticator'].providers['latchkey']?.operationalInfo,
    version,
  }
}

/** An hour: longer ago it may have been mended. */
const OF_LATE = 3_600_000

async function sawMisconfigured(admin: KcAdminClient, realm: string): Promise<boolean> {
  const events = await admin.realms.findEvents({ realm, type: 'LOGIN_ERROR', max: 200 }).catch(() => [])
  return events.some(
    ({ error, time = 0 }) => error === 'latchkey_misconfigured' && time > Date.now() - OF_LATE,
  )
}

async function readFlows(admin: KcAdminClient, realm: string): Promise<Flow[]> {
  const flows: Flow[] = []
  for (const { id = '', alias = '', builtIn = false } of await admin.authenticationManagement.getFlows({
    realm,
  })) {
    flows.push({ id, alias, builtIn, children: await readTree(admin, realm, alias) })
  }
  return flows
}

/** The realm's registered required actions. */
export async function readActions(admin: KcAdminClient, realm: string): Promise<RequiredAction[]> {
  return await admin.authenticationManagement.getRequiredActions(inRealm(realm))
}

/** The client's types forget that such a call takes the realm. */
function inRealm(realm: string): void & { realm: string } {
  return { realm } as void & { realm: string }
}

async function existingRoles(admin: KcAdminClient, realm: string): Promise<string[]> {
  const found = await Promise.all(
    Object.keys(ROLES).map(async (name) => await admin.roles.findOneByName({ realm, name })),
  )
  return found.flatMap((role) => (typeof role?.name === 'string' ? [role.name] : []))
}

async function readScopes(
  admin: KcAdminClient,
  realm: string,
): Promise<Pick<Found, 'defaultScopes' | 'scopeNames'>> {
  const defaults = new Set(
    (await admin.clientScopes.listDefaultClientScopes(inRealm(realm))).map(({ id }) => id),
  )
  const scopes = (await admin.clientScopes.find({ realm }))
    .filter(({ protocol }) => protocol === 'openid-connect')
    .map(({ id = '', name = '', protocolMappers = [] }) => ({ id, name, mappers: protocolMappers }))
  return {
    defaultScopes: scopes.filter(({ id }) => defaults.has(id)),
    scopeNames: scopes.map(({ name }) => name),
  }
}

async function readTexts(admin: KcAdminClient, realm: string): Promise<Found['texts']> {
  const texts: Found['texts'] = {}
  for (const selectedLocale of LOCALES) {
    texts[selectedLocale] = await admin.realms.getRealmLocalizationTexts({ realm, selectedLocale })
  }
  return texts
}

/** The flow of that alias; undefined where there is none. */
export function flowOf(found: Found, alias: string | undefined): Flow | undefined {
  return found.flows.find((flow) => flow.alias === alias)
}
