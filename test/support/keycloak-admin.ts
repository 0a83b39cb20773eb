import { text } from 'node:stream/consumers'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'

/** Stands in for the part of Keycloak's Admin API that is asked in the name of an administrator. */
export interface FakeAdmin {
  /** Whether the administrator has the roles for it. */
  may: boolean
  /** What was asked, newest last. */
  asked: { path: string; authorization: string | undefined; body?: unknown }[]
  /** In place of what would be answered to the next user that is added. */
  next: { status: number; body?: unknown } | 'broken' | undefined
  /** What an invitation is answered by. */
  invitations: number
  /** Told of each user that was added. */
  added: (id: string, user: { username: string; attributes?: Record<string, string[]> }) => void
}

export function fakeAdmin(): FakeAdmin & {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
} {
  const names = new Set<string>()
  const admin: FakeAdmin = {
    may: true,
    asked: [],
    next: undefined,
    invitations: 204,
    added: () => {},
  }
  return Object.assign(admin, {
    async handle(request: IncomingMessage, response: ServerResponse) {
      const path = request.url ?? ''
      const sent = await text(request)
      const body: unknown = sent === '' ? undefined : JSON.parse(sent)
      admin.asked.push({
        path,
        authorization: request.headers.authorization,
        ...(body === undefined ? {} : { body }),
      })
      const say = (status: number, said?: unknown, location?: string) =>
        response
          .writeHead(status, {
            'Content-Type': 'application/json',
            ...(location === undefined ? {} : { Location: location }),
          })
          .end(said === undefined ? undefined : JSON.stringify(said))
      if (!admin.may) return void say(403, { error: 'HTTP 403 Forbidden' })
      if (path.endsWith('/execute-actions-email')) return void say(admin.invitations)
      if (!path.endsWith('/users')) return void say(204)
      const next = admin.next
      admin.next = undefined
      if (next === 'broken') return void response.destroy()
      if (next !== undefined) return void say(next.status, next.body)
      const user = body as Parameters<FakeAdmin['added']>[1]
      if (names.has(user.username)) return void say(409, { errorMessage: 'User exists with same username' })
      names.add(user.username)
      const id = randomUUID()
      admin.added(id, user)
      say(201, undefined, `http://${request.headers.host}${path}/${id}`)
    },
  })
}
