import type { ErrorRequestHandler } from 'express'
import { DirectoryError } from '../../core/sync/directory.ts'
import { AppError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { WebContext } from '../context.ts'
import { PROBLEMS, Problem } from './problem.ts'
import type { ProblemCode } from './problem.ts'

const CODES: Record<ErrorCode, ProblemCode> = {
  'not-found': 'not-found',
  'bad-request': 'bad-request',
  'too-large': 'too-large',
  'other-browser': 'forbidden',
  expired: 'not-found',
  'link-gone': 'not-found',
  'link-other-user': 'forbidden',
  busy: 'busy',
  unavailable: 'unavailable',
}

/** Every error below `/api/v1`, as RFC 9457 has it. */
export function answerErrorsAsProblem(context: WebContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const id = typeof request.id === 'string' ? request.id : ''
    const problem = problemOf(error)
    if (problem.code === 'internal') context.log.error({ err: error }, 'failed')
    else if (problem.code === 'unavailable') context.log.error({ err: error }, 'unavailable')
    else context.log.info({ code: problem.code, why: problem.message }, 'refused')
    const [status, title] = PROBLEMS[problem.code]
    response
      .status(status)
      .set(problem.headers)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: `urn:latchkey:problem:${problem.code}`,
          title,
          status,
          detail: problem.message,
          instance: id,
          ...problem.extra,
        }),
      )
  }
}

/** What an error comes to, as the API words it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DirectoryError) {
    return new Problem(
      'unavailable',
      error.reason === 'refused'
        ? 'Keycloak does not let Latchkey read its users, so nothing was done: run "latchkey doctor"'
        : 'Keycloak could not be asked, so nothing was done: try again later',
    )
  }
  if (error instanceof AppError) return new Problem(CODES[error.code], error.message)
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem('bad-request', 'the request could not be read')
  }
  return new Problem('internal', 'this request failed: look for its id, "instance", in the log')
}
