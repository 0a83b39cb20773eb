import type { z } from 'zod'
import type { KnownGroup, RealmPolicy } from '../../core/administration/administration.ts'
import type { Administrator } from '../../core/administration/authority.ts'
import type { By } from '../../core/administration/changes.ts'
import type { Directory } from '../../core/sync/directory.ts'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'
import type { ProblemCode } from './problem.ts'

/** Whom an endpoint serves; `docs/api.md` has the table. */
export type Who = 'anybody' | 'reader' | 'looker' | 'helper' | 'operator' | 'administrator'

/** Who calls, as its access token says. */
export interface Caller extends Administrator {
  /** The single sign-on session. */
  sid: string
  /**
   * The access token, for what is done in Keycloak with the caller's own rights; undefined where it can't be had.
   */
  accessToken(): Promise<string | undefined>
}

/** What an endpoint reads of the headers. */
export interface Headers {
  get(name: string): string | undefined
}

/** A request that may go on: who calls, what of it was asked for, and the policy at this moment. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  context: WebContext
  realm: Realm
  directory: Directory
  caller: Caller
  policy: RealmPolicy
  params: Params
  query: Query
  body: Body
  request: Headers
  /** Who does what is done here, from where and when. */
  by: By
  /** The groups that are not gone; read once. */
  groups: () => Promise<KnownGroup[]>
}

/** What an endpoint answers. `status` absent: the first of those that it has. */
export interface Answer<Body = unknown> {
  status?: number
  body: Body
  /** The version of what is answered, for `If-Match`. */
  version?: number
  /** In place of a body in JSON: text that is sent as it comes. */
  stream?: { type: string; fileName: string; text: AsyncIterable<string> }
}

export type Verb = 'get' | 'put' | 'patch' | 'post' | 'delete'

/** A line of the table. */
export interface Endpoint {
  verb: Verb
  /** Below the realm's `/api/v1`, as OpenAPI writes it. */
  path: string
  id: string
  summary: string
  who: Who
  /** Wants a session that gave a second factor in the last minutes. */
  writes: boolean
  params: z.ZodType | undefined
  query: z.ZodType | undefined
  body: z.ZodType | undefined
  /** A body may be left out. */
  bodyOptional: boolean
  /** Besides `application/json`. */
  bodyType: string | undefined
  /** The versions that a write has to name. */
  precondition: Precondition | undefined
  /** By status: what the answer is. */
  answers: Record<number, { schema: z.ZodType | undefined; says: string; types: string[] }>
  /** The problems that are its own; those of every endpoint are not listed. */
  refuses: ProblemCode[]
  example: unknown
  does(call: Call): Promise<Answer>
}

/** `change`: If-Match. `save`: If-Match for a change, `If-None-Match: *` for something new. */
export type Precondition = 'change' | 'save'

/** What a line of the table says; what is absent is the usual. */
interface Line<Params, Query, Body, Result> {
  id: string
  who: Who
  summary: string
  writes?: true
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
  bodyOptional?: true
  bodyType?: string
  precondition?: Precondition
  /** Default 200. */
  statuses?: Record<number, string>
  answer?: z.ZodType<Result>
  /** Content types in place of JSON. */
  types?: string[]
  refuses?: ProblemCode[]
  /** Of an answer. */
  example?: NoInfer<Result>
  does: (
    call: Call<NoInfer<Params>, NoInfer<Query>, NoInfer<Body>>,
  ) => Promise<Answer<NoInfer<Result> | undefined>>
}

/** The statuses of what answers nothing. */
export const DONE = { 204: 'Done.' }

/** A line of the table, its parts held to one another by their types. */
export function endpoint<Params = unknown, Query = unknown, Body = unknown, Result = undefined>(
  at: `${Verb} /${string}`,
  line: Line<Params, Query, Body, Result>,
): Endpoint {
  const [verb, path] = at.split(' ') as [Verb, string]
  const statuses = Object.entries(line.statuses ?? { 200: 'Done.' })
  return {
    verb,
    path,
    id: line.id,
    summary: line.summary,
    who: line.who,
    writes: line.writes ?? false,
    params: line.params,
    query: line.query,
    body: line.body,
    bodyOptional: line.bodyOptional ?? false,
    bodyType: line.bodyType,
    precondition: line.precondition,
    answers: Object.fromEntries(
      statuses.map(([status, says]) => [
        Number(status),
        { schema: line.answer, says, types: line.types ?? ['application/json'] },
      ]),
    ),
    refuses: line.refuses ?? [],
    example: line.example,
    does: line.does,
  }
}
