import express from 'express'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import helmet from 'helmet'
import { AppError } from '../core/errors.ts'
import { answerErrorsAsProblem } from './api/errors.ts'
import { forgetAllDevices, forgetDevice } from './account/forget-devices.ts'
import { preferMethod } from './account/prefer-method.ts'
import { askBeforeRemoval, removeMethod } from './account/remove-method.ts'
import { askForName, renameMethod } from './account/rename-method.ts'
import { setUpMethod } from './account/set-up-method.ts'
import { showAccount } from './account/show-account.ts'
import { askBeforeOff, turnOff } from './account/turn-off.ts'
import { createAdminPages } from './admin/serve.ts'
import { createApi } from './api/serve.ts'
import type { WebContext } from './context.ts'
import { answerErrorsAsJson, answerErrorsAsPage } from './errors.ts'
import { logRequests } from './log.ts'
import { measure, named } from './measure.ts'
import { setUpFromLink, showLinkDone } from './link/set-up.ts'
import { openLink, showLink } from './link/show-link.ts'
import { discover, publishKeys } from './protocol/discovery.ts'
import { takeEvents } from './protocol/events.ts'
import { takeQuestion } from './protocol/par.ts'
import { redeemCode } from './protocol/token.ts'
import { serveAccountResource, serveResource } from './resources.ts'
import { sameOriginOnly } from './same-origin.ts'
import { beginLogin } from './session/begin-login.ts'
import { endLogin } from './session/end-login.ts'
import { endSession } from './session/end-session.ts'
import { takeLogout } from './session/take-logout.ts'
import { listInbox, showInbox } from './sms/inbox.ts'
import type { Inbox } from './sms/inbox.ts'
import { takeStatus } from './sms/status.ts'
import type { CallbackCheck } from './sms/status.ts'
import { cancelStep, challengeForm, downloadCodes, enrolmentForm } from './step/answer.ts'
import {
  goOnForm,
  methodForm,
  notNowForm,
  phoneForm,
  resendForm,
  savedForm,
  setUpForm,
  takeForm,
} from './step/answer.ts'
import { bindBrowser } from './step/authorize.ts'
import { showStep } from './step/show.ts'

type Route = ['get' | 'post', string, (context: WebContext) => RequestHandler]

/** What programs call: errors are JSON. */
export const PROTOCOL: Route[] = [
  ['get', '/realms/:realm/.well-known/openid-configuration', discover],
  ['get', '/realms/:realm/jwks', publishKeys],
  ['post', '/realms/:realm/par', takeQuestion],
  ['post', '/realms/:realm/token', redeemCode],
  ['post', '/realms/:realm/events', takeEvents],
  ['post', '/realms/:realm/backchannel-logout', takeLogout],
]

/** What browsers open: errors are pages. */
export const PAGES: Route[] = [
  ['get', '/realms/:realm/resources/:hash/:file', serveResource],
  ['get', '/realms/:realm/login', beginLogin],
  ['get', '/realms/:realm/callback', endLogin],
  ['post', '/realms/:realm/logout', endSession],
  ['get', '/realms/:realm/authorize', bindBrowser],
  ['get', '/realms/:realm/step/:id', showStep],
  ['get', '/realms/:realm/step/:id/backup-codes.txt', downloadCodes],
  ['get', '/realms/:realm/step/:id/cancel', cancelStep],
  ['post', '/realms/:realm/step/:id/challenge/:method', takeForm(challengeForm)],
  ['post', '/realms/:realm/step/:id/enrol/:method', takeForm(enrolmentForm)],
  ['post', '/realms/:realm/step/:id/saved', takeForm(savedForm)],
  ['post', '/realms/:realm/step/:id/method', takeForm(methodForm)],
  ['post', '/realms/:realm/step/:id/phone', takeForm(phoneForm)],
  ['post', '/realms/:realm/step/:id/send', takeForm(resendForm)],
  ['post', '/realms/:realm/step/:id/go-on', takeForm(goOnForm)],
  ['get', '/realms/:realm/link', showLink],
  ['post', '/realms/:realm/link', openLink],
  ['get', '/realms/:realm/link/set-up', setUpFromLink],
  ['get', '/realms/:realm/link/done', showLinkDone],
  ['post', '/realms/:realm/step/:id/set-up', takeForm(setUpForm)],
  ['post', '/realms/:realm/step/:id/not-now', takeForm(notNowForm)],
  ['get', '/realms/:realm/account', showAccount],
  ['get', '/realms/:realm/account/resources/:hash/:file', serveAccountResource],
  ['post', '/realms/:realm/account/set-up', setUpMethod],
  ['get', '/realms/:realm/account/methods/:id/rename', askForName],
  ['post', '/realms/:realm/account/methods/:id/rename', renameMethod],
  ['post', '/realms/:realm/account/methods/:id/default', preferMethod],
  ['get', '/realms/:realm/account/methods/:id/remove', askBeforeRemoval],
  ['post', '/realms/:realm/account/methods/:id/remove', removeMethod],
  ['post', '/realms/:realm/account/devices/forget', forgetAllDevices],
  ['post', '/realms/:realm/account/devices/:id/forget', forgetDevice],
  ['get', '/realms/:realm/account/off', askBeforeOff],
  ['post', '/realms/:realm/account/off', turnOff],
]

/** What differs by the operator's choice. */
interface Options {
  /** Whether `X-Forwarded-For` is believed, one hop. */
  trustProxy: boolean
  /** Serves a request as one whose client waits. */
  within: (serve: () => void) => void
  /** A trial's messages. */
  inbox?: Inbox
  /** For a provider that reports what became of a message. */
  checkCallback?: CallbackCheck
}

/** The server as browsers and Keycloak see it. */
export function createServer(
  context: WebContext,
  { trustProxy, within, inbox, checkCallback }: Options,
): Express {
  const app = express()
  app.set('trust proxy', trustProxy ? 1 : false)
  app.set('query parser', 'simple')
  app.set('etag', false)
  app.disable('x-powered-by')
  app.use(measure(context.metrics))
  app.use(logRequests(context.log))
  app.use((_request, _response, next) => within(next))
  app.use(securityHeaders(context))
  app.use(neverStored)
  app.use(oneAddress)
  mount(
    app,
    PROTOCOL,
    context,
    [express.urlencoded({ extended: false, limit: '1mb', parameterLimit: 20 })],
    answerErrorsAsJson,
  )
  const forms = [
    sameOriginOnly(context.origin),
    express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 20 }),
  ]
  mount(app, PAGES, context, forms, answerErrorsAsPage)
  if (checkCallback !== undefined) {
    const status: Route[] = [['post', '/sms/status', () => takeStatus(context, checkCallback)]]
    mount(app, status, context, [express.urlencoded({ extended: false, limit: '16kb' })], answerErrorsAsJson)
  }
  app.use('/realms/:realm/admin', createAdminPages(context))
  app.use('/realms/:realm/api/v1', createApi(context))
  // A pattern without a name in it: where the realm can't be read, the error still reaches the API's own answer.
  app.use(/^\/realms\/[^/]+\/api\/v1(?=\/|$)/, answerErrorsAsProblem(context))
  if (inbox !== undefined) {
    app.get('/dev/inbox', showInbox(inbox))
    app.get('/dev/inbox.json', listInbox(inbox))
  }
  app.use((_request, _response, next) => next(new AppError('not-found', 'there is no such page')))
  app.use(answerErrorsAsPage(context))
  return app
}

/**
 * Refuses what a proxy in front could have read as a request to another host than we do: two Host headers (RFC 9112,
 * 3.2), and a target that is no path, which only proxies are sent.
 */
const oneAddress: RequestHandler = (request, _response, next) => {
  const isOne = request.originalUrl.startsWith('/') && request.headersDistinct['host']?.length === 1
  next(isOne ? undefined : new AppError('bad-request', 'the request must have one Host and a path'))
}

/** Asking for a page's headers must not begin or end a step. */
const headRefused: RequestHandler = (_request, response) => {
  response.status(405).set('Allow', 'GET').end()
}

function mount(
  app: Express,
  routes: Route[],
  context: WebContext,
  beforePost: RequestHandler[],
  errors: (context: WebContext) => ErrorRequestHandler,
): void {
  for (const [verb, path, handler] of routes) {
    if (verb === 'get') app.head(path, headRefused)
    app[verb](path, named(path), ...(verb === 'post' ? beforePost : []), handler(context), errors(context))
  }
}

/**
 * No `form-action`: browsers apply it to every redirect after a form, and a login ends at the application, whose
 * address is Keycloak's to know. Every form of a page posts to its own step, and scripts can't add one.
 */
function securityHeaders({ origin }: WebContext): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: origin.startsWith('https:'),
    xFrameOptions: { action: 'deny' },
  })
}

const neverStored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store')
  next()
}
