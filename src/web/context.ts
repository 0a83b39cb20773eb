import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Logger } from 'pino'
import { AppError } from '../core/errors.ts'
import type { Courier, LoginStore } from '../core/ports.ts'
import type { Realm } from '../core/realm.ts'
import type { Kit } from '../core/step.ts'
import type { Metrics } from './metrics.ts'
import type { Renderer } from './render/render.ts'

/** The sidecar's own keys, as the protocol uses them. */
export interface Signer {
  sign(type: string, payload: JWTPayload): Promise<string>
  publish(): { keys: object[] }
}

/** What the endpoints work with. */
export interface WebContext {
  /** By name. */
  realms: ReadonlyMap<string, { realm: Realm; keys: JWTVerifyGetKey }>
  store: LoginStore
  signer: Signer
  renderer: Renderer
  /** Absent where nothing sends text messages. */
  courier: Courier | undefined
  metrics: Metrics
  /** The kit of this moment. */
  kit(): Kit
  log: Logger
  /** The public URL's origin, which a form must come from. */
  origin: string
}

/** The realm that the path names. @throws AppError not-found */
export function realmOf(context: WebContext, name: unknown): { realm: Realm; keys: JWTVerifyGetKey } {
  const found = typeof name === 'string' ? context.realms.get(name) : undefined
  if (found === undefined) throw new AppError('not-found', 'this server does not answer for that realm')
  return found
}
