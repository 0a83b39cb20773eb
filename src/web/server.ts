import express from 'express'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import { AppError } from '../core/errors.ts'
import type { WebContext } from './context.ts'
import { answerErrorsAsJson, answerErrorsAsPage } from './errors.ts'
import { logOptions } from './log.ts'
import { discover, publishKeys } from './protocol/discovery.ts'
import { takeQuestion } from './protocol/par.ts'
import { redeemCode } from './protocol/token.ts'
import { serveResource } from './resources.ts'
import { sameOriginOnly } from './same-origin.ts'
import { listInbox, showInbox } from './sms/inbox.ts'
import type { Inbox } from './sms/inbox.ts'
import { takeStatus } from './sms/status.ts'
import type { CallbackCheck } from './sms/status.ts'
import { cancelStep, challengeForm, downloadCodes, enrolmentForm } from './step/answer.ts'
import { goOnForm, methodForm, phoneForm, resendForm, savedForm, takeForm } from './step/answer.ts'
import { bindBrowser } from './step/authorize.ts'
import { showStep } from './step/show.ts'

type Route = ['get' | 'post', string, (context: WebContext) => RequestHandler]

/** What programs call: errors are JSON. */
const PROTOCOL: Route[] = [
  ['get', '/realms/:realm/.well-known/openid-configuration', discover],
  ['get', '/realms/:realm/jwks', publishKeys],
  ['post', '/realms/:realm/par', takeQuestion],
  ['post', '/realms/:realm/token', redeemCode],
]

/** What browsers open: errors are pages. */
const PAGES: Route[] = [
  ['get', '/realms/:realm/resources/:hash/:file', serveResource],
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
]

/** What differs by the operator's choice. */
interface Options {
  /** Whether `X-Forwarded-For` is believed, one hop. */
  trustProxy: boolean
  /** A trial's messages. */
  inbox?: Inbox
  /** For a provider that reports what became of a message. */
  checkCallback?: CallbackCheck
}

/** The server as browsers and Keycloak see it. */
export function createServer(context: WebContext, { trustProxy, inbox, checkCallback }: Options): Express {
  const app = express()
  app.set('trust proxy', trustProxy ? 1 : false)
  app.set('query parser', 'simple')
  app.set('etag', false)
  app.disable('x-powered-by')
  app.use(pinoHttp(logOptions(context.log)))
  app.use(securityHeaders(context))
  app.use(neverStored)
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
  if (inbox !== undefined) {
    app.get('/dev/inbox', showInbox(inbox))
    app.get('/dev/inbox.json', listInbox(inbox))
  }
  app.use((_request, _response, next) => next(new AppError('not-found', 'there is no such page')))
  app.use(answerErrorsAsPage(context))
  return app
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
    app[verb](path, ...(verb === 'post' ? beforePost : []), handler(context), errors(context))
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
