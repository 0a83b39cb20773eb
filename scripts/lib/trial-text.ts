/** What the trial's last lines need to know. */
export interface GreetingOptions {
  keycloak: number
  sidecar: number
  management: number
  realm: string
  /** Where the data and the logs are. */
  folder: string
}

const users = [
  ['alice', 'no group: Optional. Signs in with the password'],
  ['bob', '/finance: Required. Has to set up a method at his first sign-in'],
  ['carol', '/field: Required, by text message only; has no phone number yet'],
  ['dave', '/robots: Disabled. Is never asked'],
  ['erin', 'role tfa-admin: always Required'],
  ['frank', 'role tfa-manager: always Required'],
  ['grace', 'role tfa-auditor: always Required'],
  ['heidi', 'manager of /field, no role: Optional'],
] as const

/** Addresses, users and what to try, for the terminal. */
export function greeting({ keycloak, sidecar, management, realm, folder }: GreetingOptions): string {
  const account = `http://localhost:${keycloak}/realms/${realm}/account`
  return `
Addresses
  Sign in here              ${account}
  A user's own methods      http://localhost:${sidecar}/realms/${realm}/account
  Administrator's pages     http://localhost:${sidecar}/realms/${realm}/admin
  Messages that were sent   http://localhost:${sidecar}/dev/inbox
  Keycloak's own console    http://localhost:${keycloak}/admin  (admin / admin)
  REST API, described       http://localhost:${sidecar}/realms/${realm}/api/v1/openapi.json
  Health and metrics        http://localhost:${management}/health/ready, /metrics

Users (the password is the name)
${users.map(([name, what]) => `  ${name.padEnd(6)}  ${what}`).join('\n')}

To try
  1. Sign in as dave, then as alice: the password is enough.
  2. Sign in as bob: set up an authenticator app, keep the backup codes, sign out and in again.
  3. Sign in as carol with any mobile number; the code is in the messages.
  4. Sign in again with a wrong code, with a backup code, in German, with the sidecar stopped.
  5. In Keycloak's console set the attribute tfa.enforcement of the group robots to required: dave is asked in seconds.
  6. As erin open the administrator's pages: why is bob asked, and what would "Required for everybody" do?
  7. As alice open her own page, switch the second step on and off; look at the messages.
  Use a private window for each user, or sign out between them.

Data and logs are in ${folder}; "npm run reset" starts over. Ctrl-C stops everything.`
}

/** The last line after a clean stop. */
export const farewell = 'Stopped. The data is kept for the next "npm start".'
