import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Options } from 'pino-http'

/** What a terminal or a reader of lines takes for more than a character, and JSON leaves as it is. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

const SAFE_ID = /^[\w-]{8,64}$/

/** A line of JSON as ever, with nothing in it but what is shown as it is: a name can't write lines or colours. */
export function printable(line: string): string {
  return line.replaceAll(UNPRINTABLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * One line a request: its id (the caller's `X-Request-Id` where it has one), verb, path and status. No query, no
 * header, no body: codes and tokens travel there (R23). A step's id is no secret without its cookie.
 */
export function logOptions(logger: Logger): Options {
  return {
    logger,
    genReqId(request: IncomingMessage, response: ServerResponse) {
      const given = request.headers['x-request-id']
      const id = typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
      response.setHeader('X-Request-Id', id)
      return id
    },
    serializers: {
      req: (request: { id: unknown; method: string; url: string }) => ({
        id: request.id,
        method: request.method,
        path: request.url.split('?', 1)[0],
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
    customLogLevel: (_request, response, error) =>
      error !== undefined || response.statusCode >= 500 ? 'error' : 'info',
  }
}
