import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Options } from 'pino-http'

const SAFE_ID = /^[\w-]{8,64}$/

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
