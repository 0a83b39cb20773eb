import type { RequestHandler } from 'express'
import { AppError } from '../core/errors.ts'

/**
 * Refuses a form that another site posted: by Fetch Metadata where the browser sends it, else by Origin. The cookies
 * are Lax besides, which covers a browser so old that it sends neither.
 * @throws AppError bad-request
 */
export function sameOriginOnly(origin: string): RequestHandler {
  return (request, _response, next) => {
    const site = request.get('sec-fetch-site')
    const from = request.get('origin')
    const own =
      site === undefined ? from === undefined || from === origin : site === 'same-origin' || site === 'none'
    next(own ? undefined : new AppError('bad-request', 'the form was posted by another site'))
  }
}
