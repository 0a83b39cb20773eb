import { Router } from 'express'
import type { Request, RequestHandler, Response } from 'express'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { named } from '../measure.ts'
import { authenticate } from './authenticate.ts'
import { openCall, presenceOf } from './call.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import { etagOf } from './preconditions.ts'
import { Problem } from './problem.ts'
import { readBody } from './read-body.ts'
import { endpointsOf } from './table.ts'

/** The REST API of every realm, to be mounted at `/realms/:realm/api/v1`. */
export function createApi(context: WebContext): Router {
  const router = Router({ mergeParams: true, caseSensitive: true, strict: true })
  const endpoints = endpointsOf(context.kit().registry)
  for (const [path, known] of Map.groupBy(endpoints, (one) => one.path)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1')
    const verbs = new Map(known.map((one) => [one.verb.toUpperCase(), serve(context, one)]))
    router.all(route, named(`/realms/:realm/api/v1${route}`), byVerb(verbs))
  }
  router.use(() => {
    throw new Problem('not-found', 'the API has no such path: see openapi.json beside it')
  })
  return router
}

function byVerb(verbs: ReadonlyMap<string, RequestHandler>): RequestHandler {
  return (request, response, next) => {
    const handler = verbs.get(request.method)
    if (handler !== undefined) return handler(request, response, next)
    const allowed = [...verbs.keys()].join(', ')
    throw new Problem('method-not-allowed', `there is ${allowed} here`, { headers: { Allow: allowed } })
  }
}

function serve(context: WebContext, endpoint: Endpoint): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const call =
      endpoint.who === 'anybody'
        ? // Nobody calls: what needs no token has nothing to do with who it is.
          ({ context, realm } as unknown as Call)
        : await callOf(context, endpoint, request, response)
    await send(response, endpoint, await endpoint.does(call))
  }
}

async function callOf(
  context: WebContext,
  endpoint: Endpoint,
  request: Request,
  response: Response,
): Promise<Call> {
  const found = realmOf(context, request.params['realm'])
  const { realm } = found
  const policy = await context.admin.policy(realm.name)
  const { now } = context.kit()
  const who = await authenticate(request.get('authorization'), found, policy.settings.apiClients, now)
  const presence = await presenceOf(context, realm, policy, who)
  const { realm: _, ...path } = request.params
  return await openCall(context, realm, endpoint, presence, {
    path,
    query: request.query,
    body: async () => await bodyOf(endpoint, request, response),
    headers: request,
    address: request.ip,
  })
}

async function bodyOf(endpoint: Endpoint, request: Request, response: Response): Promise<unknown> {
  const types = ['application/json', ...(endpoint.bodyType === undefined ? [] : [endpoint.bodyType])]
  const body = await readBody(request, response, types)
  if (body === undefined && endpoint.bodyOptional) return {}
  if (body === undefined) throw new Problem('bad-request', `this needs a body of ${types.join(' or ')}`)
  return body
}

async function send(response: Response, endpoint: Endpoint, answer: Answer): Promise<void> {
  const [usual = 200] = Object.keys(endpoint.answers).map(Number)
  response.status(answer.status ?? usual)
  if (answer.version !== undefined) response.set('ETag', etagOf(answer.version))
  if (answer.stream !== undefined) {
    const { type, fileName, text } = answer.stream
    response.type(type).set('Content-Disposition', `attachment; filename="${fileName}"`)
    await pipeline(Readable.from(text), response)
  } else if (answer.body === undefined) {
    response.end()
  } else {
    response.json(answer.body)
  }
}
