/** Why a request could not be served. One handler turns a code into a status and a page (`web/errors.ts`). */
export type ErrorCode =
  | 'not-found'
  | 'bad-request'
  | 'too-large'
  | 'other-browser'
  | 'expired'
  /** A link that can't be used, or not any more. */
  | 'link-gone'
  /** A link that was sent to somebody else. */
  | 'link-other-user'
  | 'busy'
  | 'unavailable'

/** The one exception that the program throws on purpose. A wrong code is a value, not an exception. */
export class AppError extends Error {
  readonly code: ErrorCode
  /** Where the user can go on, an absolute URL; absent where there is no such place. */
  readonly continueUrl: string | undefined

  constructor(code: ErrorCode, message: string, continueUrl?: string) {
    super(message)
    this.name = 'AppError'
    this.code = code
    this.continueUrl = continueUrl
  }
}
