import express from 'express'
import type { Request, Response } from 'express'
import { z } from 'zod'
import { Problem, faulty } from './problem.ts'
import type { Fault } from './problem.ts'

const LIMIT = '100kb'
/** Faults that one answer lists. */
const LISTED = 20
/** Levels of a body, far more than any has. */
const DEEPEST = 20

/**
 * The request's body as JSON; undefined where it has none.
 * @param types the media types that are taken
 * @throws Problem unsupported-media-type, too-large or bad-request
 */
export async function readBody(request: Request, response: Response, types: string[]): Promise<unknown> {
  const { headers } = request
  const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (empty) return undefined
  if (request.is(types) === false) {
    throw new Problem('unsupported-media-type', `send the body as ${types.join(' or ')}`)
  }
  const parse = express.json({ limit: LIMIT, type: types, inflate: false, strict: false })
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => {
      if (error === undefined) resolve()
      else reject(refusalOf(error))
    })
  })
  return request.body as unknown
}

function refusalOf(error: unknown): unknown {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined
  if (status === 413) return new Problem('too-large', `the body may have ${LIMIT} at most`)
  if (status === 415) {
    return new Problem('unsupported-media-type', 'send the body uncompressed and in UTF-8')
  }
  if (status === 400) return new Problem('bad-request', 'the body is no JSON: correct it and send it again')
  return error
}

/**
 * What a schema makes of a part of the request.
 * @param part how errors name it: `body`, `query`, `path`
 * @throws Problem bad-request
 */
export function parsePart(schema: z.ZodType, part: string, value: unknown): unknown {
  const unfit = unfitText(value, part, 0)
  if (unfit !== undefined) throw faulty([unfit])
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw faulty(
    parsed.error.issues.slice(0, LISTED).map((issue) => ({
      path: [part, ...issue.path].join('.'),
      message: issue.message,
    })),
  )
}

/** Text that a database does not keep: NUL, and halves of characters. */
function unfitText(value: unknown, path: string, depth: number): Fault | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() && !value.includes('\0')
      ? undefined
      : { path, message: 'must be well-formed text without NUL' }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEEPEST) return { path: path.split('.', 1).join(''), message: 'is nested too deeply' }
  for (const [name, inner] of Object.entries(value)) {
    const fault =
      unfitText(name, `${path} (a name in it)`, depth) ?? unfitText(inner, `${path}.${name}`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}
