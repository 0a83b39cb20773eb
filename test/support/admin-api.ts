import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'

interface Answer {
  status?: number
  body?: unknown
  text?: string
  location?: string
}

/** Stands in for Keycloak's token endpoint and Admin REST API where a test needs to see or say what goes over the wire. */
export interface AdminApi {
  url: string
  /** Answers a call of the Admin API by what follows `/admin/realms/demo/`; undefined: never. */
  answer: (path: string) => Answer | undefined | Promise<Answer | undefined>
  /** Answers a request for a token; undefined: with one. */
  refuseToken: () => { status: number; body?: unknown; text?: string } | undefined
  /** The keys that assertions have to be signed with. */
  keys: JSONWebKeySet
  /** Seconds that a token lives. */
  life: number
  /** What every assertion claimed, and the paths of the Admin API that were called. */
  assertions: JWTPayload[]
  calls: string[]
  stop(): Promise<void>
}

export async function startAdminApi(): Promise<AdminApi> {
  const secret = new TextEncoder().encode('not a secret: a stand-in')
  let tokens = 0
  const api: AdminApi = {
    url: '',
    answer: () => ({ body: [] }),
    refuseToken: () => undefined,
    keys: { keys: [] },
    life: 60,
    assertions: [],
    calls: [],
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return api

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (path === '/realms/demo/protocol/openid-connect/token') {
      await token(request, response)
      return
    }
    const [, called = ''] = /^\/admin\/realms\/demo\/?(.*)$/.exec(path) ?? []
    // The client puts a slash before the question mark.
    const plain = called.replace('/?', '?')
    api.calls.push(plain)
    const answer = await api.answer(plain)
    if (answer === undefined) return
    const { status = 200, body, text, location } = answer
    response.writeHead(status, {
      'Content-Type': text === undefined ? 'application/json' : 'text/html',
      ...(location === undefined ? {} : { Location: location }),
    })
    response.end(text ?? JSON.stringify(body))
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let form = ''
    for await (const chunk of request) form += String(chunk)
    const fields = new URLSearchParams(form)
    const { payload } = await jwtVerify(fields.get('client_assertion') ?? '', createLocalJWKSet(api.keys), {
      algorithms: ['ES256'],
    })
    api.assertions.push({ ...payload, grant: fields.get('grant_type'), client: fields.get('client_id') })
    const refusal = api.refuseToken()
    if (refusal !== undefined) {
      response.writeHead(refusal.status).end(refusal.text ?? JSON.stringify(refusal.body))
      return
    }
    const access = await new SignJWT({ sub: 'service-account', n: tokens++ })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ access_token: access, expires_in: api.life, token_type: 'Bearer' }))
  }
}
