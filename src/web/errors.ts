import type { ErrorRequestHandler, Request, Response } from 'express'
import { AppError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { WebContext } from './context.ts'
import { ProtocolError } from './protocol/protocol-error.ts'
import type { View } from './render/view.ts'
import { bareFrame } from './step/frame.ts'

const STATUS: Record<ErrorCode, number> = {
  'not-found': 404,
  'bad-request': 400,
  'too-large': 413,
  'other-browser': 403,
  expired: 410,
  'link-gone': 410,
  'link-other-user': 403,
  busy: 503,
  unavailable: 503,
}

/** An error of an endpoint that programs call: RFC 6749 JSON, which names no secret. */
export function answerErrorsAsJson(context: WebContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const known = knownError(error)
    if (error instanceof ProtocolError) {
      context.log.warn({ code: error.code, why: error.message }, 'refused')
      response.status(error.status).json({ error: error.code, error_description: error.message })
    } else if (known !== undefined) {
      const code =
        known.code === 'busy' || known.code === 'unavailable' ? 'temporarily_unavailable' : 'invalid_request'
      if (known.code === 'unavailable') context.log.error({ err: error }, 'unavailable')
      else context.log.warn({ code: known.code, why: known.message }, 'refused')
      response.status(STATUS[known.code]).json({ error: code, error_description: known.message })
    } else {
      context.log.error({ err: error }, 'failed')
      response
        .status(500)
        .json({ error: 'server_error', error_description: `request ${idOf(request)} failed` })
    }
  }
}

/** An error of a page: a page that says what to do. */
export function answerErrorsAsPage(context: WebContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const known = knownError(error)
    if (known === undefined) context.log.error({ err: error }, 'failed')
    else if (known.code === 'unavailable') context.log.error({ err: error }, 'unavailable')
    else context.log.info({ code: known.code, why: known.message }, 'refused')
    response.status(known === undefined ? 500 : STATUS[known.code])
    sendPage(context, request, response, viewOf(known, idOf(request)))
  }
}

function sendPage(context: WebContext, request: Request, response: Response, view: View): void {
  const name = typeof request.params['realm'] === 'string' ? request.params['realm'] : ''
  const realm = context.realms.get(name)?.realm ?? [...context.realms.values()][0]?.realm
  if (realm === undefined) throw new Error('there is no realm')
  response.send(
    context.renderer.render(bareFrame(context, realm, request.get('accept-language') ?? ''), view),
  )
}

function viewOf(error: AppError | undefined, id: string): View {
  const go = error?.continueUrl === undefined ? {} : { continueUrl: error.continueUrl }
  switch (error?.code) {
    case 'expired':
    case 'other-browser':
      return { page: error.code, ...go }
    case 'link-gone':
      return { page: 'link-refused', reason: 'gone', ...go }
    case 'link-other-user':
      return { page: 'link-refused', reason: 'other-user' }
    case 'not-found':
    case 'bad-request':
    case 'busy':
      return { page: 'error', reason: error.code, id, ...go }
    case 'too-large':
      return { page: 'error', reason: 'bad-request', id, ...go }
    case 'unavailable':
      return { page: 'error', reason: 'busy', id, ...go }
    case undefined:
      return { page: 'error', reason: 'internal', id, ...go }
  }
}

/** The program's own errors, and those that Express and its parsers throw for what a client sent. */
function knownError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined
  if (status === 413) return new AppError('too-large', 'the request is too large')
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('bad-request', 'the request could not be read')
  }
  return undefined
}

/** The request's id, which a user can tell and the log has. */
function idOf(request: Request): string {
  return typeof request.id === 'string' ? request.id : ''
}
