import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'
import { escapedInJson } from '../core/one-line.ts'

/** What a terminal or a reader of lines takes for more than a character, and JSON leaves as it is. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

const SAFE_ID = /^[\w-]{8,64}$/

/** What every line says of the request that it was written in. */
interface Line {
  requestId: string
  /** The step that the request is about, by the id in its address: it is no secret without its cookie. */
  step?: string
}

const lines = new AsyncLocalStorage<Line>()

/** The part of a log line that leads from it to its request; for pino's `mixin`, which writes into what it is given. */
export function requestOfLine(): object {
  return { ...lines.getStore() }
}

/** Has every further line of this request name the step: so a login's browser and its Keycloak are found together. */
export function aboutStep(id: string): void {
  const line = lines.getStore()
  if (line !== undefined) line.step = id
}

/** A line of JSON as ever, with nothing in it but what is shown as it is: a name can't write lines or colours. */
export function printable(line: string): string {
  return line.replaceAll(UNPRINTABLE, escapedInJson)
}

/**
 * One line a request: its id (the caller's `X-Request-Id` where it has one), verb, path and status. No query, no
 * header, no body: codes and tokens travel there (R23). Every other line that is written on the way has the id, too.
 */
export function logRequests(logger: Logger): RequestHandler[] {
  const withLine = (request: IncomingMessage, _response: unknown, value: object) => ({
    ...lineOf.get(request),
    ...value,
  })
  const lineOf = new WeakMap<IncomingMessage, Line>()
  return [
    (request, response, next) => {
      const given = request.headers['x-request-id']
      const requestId = typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
      response.setHeader('X-Request-Id', requestId)
      request.id = requestId
      const line = { requestId }
      lineOf.set(request, line)
      lines.run(line, next)
    },
    pinoHttp({
      logger,
      genReqId: (request: IncomingMessage) => request.id,
      serializers: {
        req: (request: { method: string; url: string }) => ({
          method: request.method,
          path: request.url.split('?', 1)[0],
        }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
      customLogLevel: (_request: IncomingMessage, response: ServerResponse, error?: Error) =>
        error !== undefined || response.statusCode >= 500 ? 'error' : 'info',
      // The line of a request is written once it is over, when nobody knows any more which one is under way.
      customSuccessObject: withLine,
      customErrorObject: (request, response, _error, value) => withLine(request, response, value as object),
    }),
  ]
}
