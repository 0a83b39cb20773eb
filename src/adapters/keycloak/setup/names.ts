/** The providers in Keycloak that the bridge's JAR brings. */
export const CONDITION = 'latchkey-condition'
export const AUTHENTICATOR = 'latchkey'
export const DIRECT = 'latchkey-direct'
export const GATE = 'latchkey-gate'
export const MANAGE = 'latchkey-manage'
export const EVENTS = 'latchkey-events'
/** A type of credentials, by which Keycloak's consoles list the methods. */
export const CREDENTIAL = 'latchkey'

/** Keycloak's own condition for a level of authentication. */
export const LOA_CONDITION = 'conditional-level-of-authentication'

/** The realm attribute that remembers what setup found, for `--undo`. */
export const MEMORY = 'latchkey.setup'
/** The realm attribute that says what the bridge does while the sidecar is away: `open` or `closed`. */
export const OUTAGE = 'latchkey.outage'
/** The sidecar's client in the realm. */
export const CLIENT_ID = 'latchkey'
/** The client whose tokens the REST API takes unless a realm says otherwise; also what they name as their audience. */
export const API_CLIENT_ID = 'latchkey-api'
/** The client role that is all the sidecar's service account may have. */
export const SERVICE_ROLE = 'view-users'
/** The client role by which an administrator's own token ends a user's sessions and adds users. */
export const ACTING_ROLE = 'manage-users'
/** The user attribute that holds the phone number. */
export const PHONE = 'phoneNumber'
/** Seconds that a required action must last at least: a set-up with a phone in hand takes minutes. */
export const ACTION_LIFE = 1800

/** The realm roles of Latchkey's own pages. */
export const ROLES: Record<string, string> = {
  'tfa-admin': "Changes the realm's second-factor policy, settings and any user's methods",
  'tfa-manager': 'Helps users: resets, bypass codes, sends invitations',
  'tfa-auditor': 'Reads policy, users and the audit log',
}

/** The client of a realm that holds the roles to administer it. */
export function managementClient(realm: string): string {
  return realm === 'master' ? 'master-realm' : 'realm-management'
}
