import express, { Router } from 'express'
import type { Request, RequestHandler, Response } from 'express'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { sightOf } from '../../core/administration/authority.ts'
import { AppError } from '../../core/errors.ts'
import { presenceOf } from '../api/call.ts'
import type { Endpoint } from '../api/endpoint.ts'
import { problemOf } from '../api/errors.ts'
import { PROBLEMS, Problem } from '../api/problem.ts'
import { endpointsOf } from '../api/table.ts'
import type { WebContext } from '../context.ts'
import { named } from '../measure.ts'
import type { AdminFrame } from '../render/admin-view.ts'
import { serveAdminResource } from '../resources.ts'
import { sameOriginOnly } from '../same-origin.ts'
import { openSession } from '../session/session.ts'
import type { PageSession } from '../session/session.ts'
import { createApiFor } from './ask.ts'
import { enter, enterToChange } from './entrance.ts'
import { frameOf } from './frame.ts'
import { ROUTES } from './table.ts'
import type { Route } from './table.ts'
import type { Outcome, Visit } from './visit.ts'

/** The administrator's pages of every realm, to be mounted at `/realms/:realm/admin`. */
export function createAdminPages(context: WebContext): Router {
  const router = Router({ mergeParams: true, caseSensitive: true })
  const endpoints = new Map(endpointsOf(context.kit().registry).map((one) => [one.id, one]))
  const forms = [
    sameOriginOnly(context.origin),
    express.text({ type: 'application/x-www-form-urlencoded', limit: '64kb' }),
  ]
  router.use((request, response, next) => {
    if (request.method === 'GET' || request.method === 'POST') next()
    else response.status(405).set('Allow', 'GET, POST').end()
  })
  const below = (path: string) => named(`/realms/:realm/admin${path}`)
  const file = '/resources/:hash/:file'
  router.get(file, below(file), serveAdminResource(context))
  for (const route of ROUTES) {
    const [verb, path] = route
    router[verb](path, below(path), ...(verb === 'post' ? forms : []), serve(context, endpoints, route))
  }
  return router
}

function serve(
  context: WebContext,
  endpoints: ReadonlyMap<string, Endpoint>,
  [verb, , page, kind]: Route,
): RequestHandler {
  return async (request, response) => {
    const session = await openSession(context, request, response, '/admin')
    if (session === undefined) return
    const visit = await visitOf(context, endpoints, session, request)
    const frame = frameOf(session, visit, new URL(request.originalUrl, context.origin))
    try {
      if (sightOf(visit.caller) === 'nobody') throw new Problem('forbidden', WHO_MAY)
      const changes = kind === undefined ? verb === 'post' : kind === 'before a change'
      const may = changes ? enterToChange : enter
      if (!(await may(context, session, request, response, returnTo(visit, request)))) return
      await send(context, response, frame, await page(visit))
    } catch (error) {
      if (response.headersSent) throw error
      const problem = problemOf(error)
      if (problem.code === 'insufficient-user-authentication') {
        // The time ran out in between: the page of this address asks anew.
        response.redirect(303, visit.realm.base + returnTo(visit, request))
        return
      }
      await send(context, response, frame, refusal(context, request, visit, problem, error))
    }
  }
}

const WHO_MAY = 'this needs one of the roles tfa-admin, tfa-manager and tfa-auditor, or a group to manage'

async function visitOf(
  context: WebContext,
  endpoints: ReadonlyMap<string, Endpoint>,
  session: PageSession,
  request: Request,
): Promise<Visit> {
  const { realm, userId, sid, roles } = session
  const presence = await presenceOf(context, realm, await context.admin.policy(realm.name), {
    userId,
    sid,
    roles,
    accessToken: async () => await session.accessToken().catch(unlessEnded),
  })
  const { adminPages } = context
  // Their texts may be in fewer languages than those of the login.
  const locale = adminPages.locales.includes(session.locale) ? session.locale : 'en'
  const { realm: _, ...params } = request.params as Record<string, string>
  const url = new URL(request.originalUrl, context.origin)
  const form = request.method === 'POST' ? new URLSearchParams(bodyOf(request)) : url.searchParams
  return {
    ...presence,
    context,
    realm,
    api: createApiFor(context, realm, endpoints, presence, request.ip),
    params,
    form,
    locale,
    say: (key, ...args) => adminPages.text(locale, key, args),
    term: (prefix, id) =>
      adminPages.known(locale, `${prefix}.${id}`) === undefined
        ? id
        : adminPages.text(locale, `${prefix}.${id}`, []),
    at(path, query = {}) {
      const asked = new URLSearchParams(query).toString()
      return `${realm.base}/admin${path}${asked === '' ? '' : `?${asked}`}`
    },
  }
}

/** Without a token Keycloak is not asked to do anything; what was done here stays done. */
function unlessEnded(error: unknown): undefined {
  if (!(error instanceof AppError)) throw error
}

/** What is posted and comes back in no address: it can hold a whole phone number or a secret (R23), and is typed again. */
const IN_NO_ADDRESS = ['phone', 'search', 'secret', 'recipient']

/** Where a challenge comes back to: a page that is posted to can be opened, too, and shows what was about to be done. */
function returnTo({ realm, form }: Visit, request: Request): string {
  const path = request.originalUrl.split('?', 1)[0]?.slice(realm.base.length) ?? '/admin'
  const kept =
    request.method === 'POST' ? [...form].filter(([name]) => !IN_NO_ADDRESS.includes(name)) : [...form]
  const query = new URLSearchParams(kept).toString()
  return query === '' ? path : `${path}?${query}`
}

function bodyOf(request: Request): string {
  const body: unknown = request.body
  return typeof body === 'string' ? body : ''
}

async function send(
  { adminPages }: WebContext,
  response: Response,
  frame: AdminFrame,
  outcome: Outcome,
): Promise<void> {
  if ('to' in outcome) {
    response.redirect(303, outcome.to)
  } else if ('file' in outcome) {
    const { type, fileName, text } = outcome.file
    response.type(type).set('Content-Disposition', `attachment; filename="${fileName}"`)
    await pipeline(Readable.from(text), response)
  } else {
    response.status(outcome.status ?? 200).send(adminPages.render(frame, outcome.view))
  }
}

/** A refusal in the API's own words, in the frame of the pages. */
function refusal(
  { log }: WebContext,
  request: Request,
  visit: Visit,
  { code, message }: Problem,
  error: unknown,
): Outcome {
  const id = typeof request.id === 'string' ? request.id : ''
  if (code === 'internal') log.error({ err: error }, 'failed')
  else log.info({ code, why: message }, 'refused')
  const [status] = PROBLEMS[code]
  return { status, view: { page: 'refused', code, detail: message, id, homeUrl: visit.at('') } }
}
