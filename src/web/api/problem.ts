import { z } from 'zod'

/** Every problem that the API answers with (RFC 9457), by the code at the end of its `type`. */
export const PROBLEMS = {
  'bad-request': [400, 'The request is not usable'],
  unauthenticated: [401, 'A valid access token is needed'],
  'insufficient-user-authentication': [401, 'A fresh second factor is needed'],
  forbidden: [403, 'Not allowed'],
  'own-account': [403, 'Not on your own account'],
  'protected-account': [403, 'This user administers the realm'],
  'roles-unknown': [403, "This user's roles are not known"],
  'keycloak-forbids': [403, 'Keycloak does not allow it'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'Method not allowed'],
  'kept-in-keycloak': [409, 'This rule is kept in Keycloak'],
  'overrides-off': [409, 'Overrides do not count in this realm'],
  'user-exists': [409, 'There is such a user already'],
  'bypass-off': [409, 'The help desk gives no codes in this realm'],
  'no-method': [409, 'This user has no method'],
  'membership-unknown': [409, 'The members of this group are not known'],
  'no-mail-server': [409, 'The realm has no mail server'],
  'nothing-to-confirm': [409, 'Nothing waits to be confirmed'],
  'precondition-failed': [412, 'Changed in the meantime'],
  limited: [429, 'A limit stands'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'Unsupported media type'],
  'precondition-required': [428, 'A precondition is needed'],
  internal: [500, 'Internal error'],
  busy: [503, 'Too much at the same time'],
  unavailable: [503, 'Not available now'],
} as const satisfies Record<string, [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

/** A request that the API refuses. The detail says what is wrong and what to do, and names no secret. */
export class Problem extends Error {
  readonly code: ProblemCode
  /** Members beside those of RFC 9457. */
  readonly extra: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    code: ProblemCode,
    detail: string,
    { extra = {}, headers = {} }: { extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.extra = extra
    this.headers = headers
  }
}

/** Why a part of a request is not usable; `path` leads to it, as in `body.settings.maxFailures`. */
export interface Fault {
  path: string
  message: string
  /** For programs, where it is one of several that the message tells apart in words; `about` is what it names. */
  code?: string
  about?: string
}

/** A request with faults. */
export function faulty(errors: Fault[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : ''
  return new Problem('bad-request', `${first?.path}: ${first?.message}${more}`, { extra: { errors } })
}

const common = {
  type: z.string().meta({ description: '`urn:latchkey:problem:` and the code.' }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'What is wrong, and what to do.' }),
  instance: z.string().meta({ description: "The request's id, as in the log and in `X-Request-Id`." }),
}

export const problemSchema = z
  .strictObject({
    ...common,
    errors: z
      .array(
        z.strictObject({
          path: z.string(),
          message: z.string(),
          code: z
            .string()
            .optional()
            .meta({ description: 'The same for programs, where there is a word for it.' }),
          about: z.string().optional().meta({ description: 'What the message names, such as a group.' }),
        }),
      )
      .optional()
      .meta({ description: 'What is wrong with which part of the request.' }),
  })
  .meta({ id: 'Problem', description: 'A refusal, RFC 9457.' })

const change = z
  .strictObject({
    field: z.string(),
    from: z.unknown(),
    to: z.unknown(),
    by: z.string().meta({ description: 'The id of the user who made the newest of these changes.' }),
    at: z.iso.datetime(),
  })
  .meta({ id: 'FieldChange' })

export const staleProblemSchema = z
  .strictObject({
    ...common,
    current: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'What there is now, as a GET gives it; null where there is nothing.' }),
    changed: z.array(change).meta({ description: "What was changed since the caller's version." }),
    conflicts: z
      .array(z.string())
      .meta({ description: 'The fields among them that the caller wanted to change, too.' }),
  })
  .meta({ id: 'StaleProblem', description: 'Somebody else was faster, RFC 9457 and RFC 9110 13.1.' })
