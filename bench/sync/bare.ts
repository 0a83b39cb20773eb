import { BENCH } from './access-log.ts'

/** Asks Keycloak's Admin REST API as a short script would: one call after the other, and nothing but JSON. */
export interface Bare {
  /** Every user, every group, and the members of those that a rule is about. @returns milliseconds, and what came */
  readAll(): Promise<{ ms: number; users: number; groups: number; memberships: number; calls: number }>
  /** One call, for example `PUT /users/1/groups/2`. @throws Error where Keycloak refuses */
  call(method: string, path: string): Promise<unknown>
}

/** A page of users, and of groups with their attributes. */
const [USERS, GROUPS] = [1_000, 200]

/** @param credentials of a client with a service account that may do it */
export function bareOf(realmUrl: string, credentials: { clientId: string; secret: string }): Bare {
  let calls = 0
  let token = { value: '', until: 0 }
  const admin = realmUrl.replace('/realms/', '/admin/realms/')

  const bare: Bare = {
    async call(method, path) {
      calls++
      const headers = { 'User-Agent': BENCH, Authorization: `Bearer ${await current()}` }
      const response = await fetch(`${admin}${path}`, { method, headers })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return response.status === 204 ? undefined : await response.json()
    },
    async readAll() {
      calls = 0
      const begun = performance.now()
      const groups = await everyGroup()
      const users = await pages('/users?briefRepresentation=true', USERS)
      let memberships = 0
      for (const id of withRule(groups)) {
        memberships += (await pages(`/groups/${id}/members?briefRepresentation=true`, USERS)).length
      }
      const ms = performance.now() - begun
      return { ms, users: users.length, groups: groups.length, memberships, calls }
    },
  }
  return bare

  async function everyGroup(): Promise<Listed[]> {
    const found = await pages('/groups?briefRepresentation=false', GROUPS)
    for (const { id, subGroupCount = 0 } of found) {
      if (subGroupCount > 0) {
        found.push(...(await pages(`/groups/${id}/children?briefRepresentation=false`, GROUPS)))
      }
    }
    return found
  }

  async function pages(path: string, max: number): Promise<Listed[]> {
    const all: Listed[] = []
    for (;;) {
      const page = (await bare.call('GET', `${path}&first=${all.length}&max=${max}`)) as Listed[]
      all.push(...page)
      if (page.length < max) return all
    }
  }

  async function current(): Promise<string> {
    if (Date.now() < token.until) return token.value
    const response = await fetch(`${realmUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.secret,
      }),
    })
    const { access_token: value, expires_in: life } = (await response.json()) as Granted
    token = { value, until: Date.now() + life * 500 }
    return value
  }
}

/** The groups with one of Latchkey's attributes and those below them; parents come first. */
function withRule(groups: Listed[]): Set<string> {
  const found = new Set<string>()
  for (const { id, parentId = '', attributes = {} } of groups) {
    if (found.has(parentId) || Object.keys(attributes).some((name) => name.startsWith('tfa.'))) found.add(id)
  }
  return found
}

interface Listed {
  id: string
  parentId?: string
  attributes?: Record<string, string[]>
  subGroupCount?: number
}

interface Granted {
  access_token: string
  expires_in: number
}
