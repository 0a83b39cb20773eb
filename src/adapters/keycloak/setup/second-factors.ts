import type { KcAdminClient } from '../admin-session.ts'

/** Keycloak's own second factors; they stay, and their holders are asked for them before Latchkey is. */
export const KINDS = {
  otp: 'an authenticator app',
  webauthn: 'a security key',
  'recovery-authn-codes': 'recovery codes',
}
const AT_ONCE = 8

/** How many users hold second factors of Keycloak's own. */
export interface SecondFactors {
  /** Users by kind, a phrase; a user may stand in several. */
  holders: Record<string, number>
  /** How many users were looked at, and how many there are. */
  looked: number
  users: number
}

/** Counts the holders among the first users, one request a user: Keycloak has no other way to ask. */
export async function countSecondFactors(
  admin: KcAdminClient,
  realm: string,
  limit: number,
): Promise<SecondFactors> {
  const users = await admin.users.count({ realm })
  const holders: Record<string, number> = {}
  const ids: string[] = []
  while (ids.length < Math.min(limit, users)) {
    const max = Math.min(1000, limit - ids.length)
    const page = await admin.users.find({ realm, first: ids.length, max, briefRepresentation: true })
    ids.push(...page.map(({ id = '' }) => id))
    if (page.length < max) break
  }
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids
      .slice(at, at + AT_ONCE)
      .map(async (id) => await admin.users.getCredentials({ realm, id }))
    for (const credentials of await Promise.all(some)) {
      for (const type of new Set(credentials.map((one) => one.type ?? ''))) {
        const kind = (KINDS as Record<string, string>)[type]
        if (kind !== undefined) holders[kind] = (holders[kind] ?? 0) + 1
      }
    }
  }
  return { holders, looked: ids.length, users }
}
