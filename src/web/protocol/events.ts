import type { RequestHandler } from 'express'
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Hints } from '../../core/sync/sync.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { ProtocolError } from './protocol-error.ts'
import { LEEWAY, verifySigned } from './verify-signed.ts'

const MOST = 500

/** Keycloak's ids; a user of a federation that is not imported has its name in it. */
const id = z
  .string()
  .min(1)
  .max(320)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text')
const ids = z.array(id).max(MOST)

/** The claims of docs/protocol.md, "What changed". */
const claims = z.object({
  users: ids,
  groups: ids,
  full: z.boolean(),
  administrators: ids.optional(),
  deleted: z
    .array(z.object({ user: id, credential: id }))
    .max(MOST)
    .optional(),
})

/** `POST /events`: what changed in the realm, by ids, for the worker to read again. */
export function takeEvents(context: WebContext): RequestHandler {
  return async (request, response) => {
    const found = realmOf(context, request.params['realm'])
    const { realm } = found
    if (formField(request, 'client_id') !== realm.keycloakIssuer) {
      throw new ProtocolError('invalid_client', 'client_id must be the realm issuer')
    }
    const event = formField(request, 'event')
    const verified = await verifySigned(event, 'latchkey-event+jwt', found, context.kit().now)
    if (!verified.ok) {
      if (verified.unavailable) throw new AppError('unavailable', verified.why)
      throw new ProtocolError('invalid_request', verified.why)
    }
    const { jti = '', exp = 0 } = verified.claims
    const hints = readHints(verified.claims)
    const kept = await context.sync.hint(realm.name, hints, { jti, expiresAt: (exp + LEEWAY) * 1000 })
    if (kept === 'replayed') throw new ProtocolError('invalid_request', 'jti was used before')
    const count = hints.users.length + hints.groups.length + (hints.full ? 1 : 0)
    context.metrics.syncHints.inc({ realm: realm.name }, count)
    response.status(202).end()
  }
}

/** @throws ProtocolError that names the claim, and never its value */
function readHints(payload: unknown): Hints {
  const parsed = claims.safeParse(payload)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new ProtocolError('invalid_request', faults.join('; '))
  }
  const { administrators, deleted, ...hints } = parsed.data
  const named = new Set([...hints.users, ...(deleted ?? []).map(({ user }) => user)])
  if (administrators?.some((one) => !named.has(one)) === true) {
    throw new ProtocolError('invalid_request', 'administrators: must be among users')
  }
  return {
    ...hints,
    ...(administrators === undefined ? {} : { administrators }),
    ...(deleted === undefined ? {} : { deleted }),
  }
}
