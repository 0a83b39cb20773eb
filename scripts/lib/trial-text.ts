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
  ['alice', 'no group: Optional. Signs in with the password, may set up a method by herself'],
  ['bob', '/finance: Required. Has to set up a method at his first sign-in'],
  ['carol', '/field: Required, text message only, no phone number yet'],
  ['dave', '/robots: Disabled. Is never asked'],
  ['erin', 'tfa-admin: the policy, the settings, any user; also manages users in Keycloak'],
  ['frank', 'tfa-manager: helps users, changes no policy'],
  ['grace', 'tfa-auditor: reads everything, changes nothing'],
  ['heidi', 'no role, but manager of /field: helps the users of that group only'],
] as const

/** Addresses, users and what to try, for the terminal. */
export function greeting({ keycloak, sidecar, management, realm, folder }: GreetingOptions): string {
  const account = `http://localhost:${keycloak}/realms/${realm}/account`
  const pages = `http://localhost:${sidecar}`
  return `
Addresses
  Sign in here              ${account}
  Your methods              ${pages}/realms/${realm}/account
  Administrator's pages     ${pages}/realms/${realm}/admin
  Messages that were sent   ${pages}/dev/inbox
  Keycloak's own console    http://localhost:${keycloak}/admin  (admin / admin)
  Health and metrics        http://localhost:${management}/health/ready, /metrics

Users (the password is the name)
${users.map(([name, what]) => `  ${name.padEnd(6)}  ${what}`).join('\n')}

To try
  1. Sign in as dave, then as alice: the password is enough.
  2. Sign in as bob: set up an authenticator app, keep the backup codes, sign out and in again.
  3. Sign in as carol with any mobile number; the code is in the messages.
  4. As erin, open the administrator's pages; make alice's sign-in Required, then sign in as alice.
  Use a private window for each user, or sign out between them.

Data and logs are in ${folder}; "npm run reset" starts over. Ctrl-C stops everything.`
}

/** The last line after a clean stop. */
export const farewell = 'Stopped. The data is kept for the next "npm start".'
