import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Logger } from 'pino'
import type { AdminStore } from '../core/administration/administration.ts'
import type { UserMaker } from '../core/administration/new-user.ts'
import type { AuditStore } from '../core/audit/audit.ts'
import type { FigureStore } from '../core/audit/figures.ts'
import type { Directory } from '../core/sync/directory.ts'
import { AppError } from '../core/errors.ts'
import type { Mail, Mailed } from '../core/notices/mail.ts'
import type { Handover, LoginStore, TextMessage } from '../core/ports.ts'
import type { Realm } from '../core/realm.ts'
import type { RealmSettings } from '../core/settings.ts'
import type { TokenEndpoint } from '../core/pages/sign-in.ts'
import type { Kit } from '../core/login/step.ts'
import type { SyncControl } from '../core/sync/sync.ts'
import type { WebSessionStore } from '../core/pages/web-session.ts'
import type { Metrics } from './metrics.ts'
import type { ListingWriter } from './render/listing.ts'
import type { MailWriter } from './render/mail.ts'
import type { AccountView } from './render/account-view.ts'
import type { AdminRenderer } from './render/admin.ts'
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
  admin: AdminStore
  audit: AuditStore
  figures: FigureStore
  sync: SyncControl
  sessions: WebSessionStore
  tokens: TokenEndpoint
  /** A realm's users and groups, read in Keycloak now. */
  directoryOf(realm: string): Directory
  /**
   * Ends a user's sessions in Keycloak with the access token of whoever asks for it; whether Keycloak did. Never
   * throws.
   */
  endSessions(realm: Realm, userId: string, token: string): Promise<boolean>
  /** Adds users in Keycloak with the access token of whoever asks for it. */
  userMakerOf(realm: Realm): UserMaker
  signer: Signer
  renderer: Renderer
  accountPages: Renderer<AccountView>
  adminPages: AdminRenderer
  /** Sends a realm's text messages as its settings say; never throws. */
  sendText: (realm: string, settings: RealmSettings, message: TextMessage) => Promise<Handover>
  /** Writes the lines of Keycloak's consoles. */
  listing: ListingWriter
  /** Writes a realm's mail, and sends it by the server that its settings name; never throws. */
  mail: {
    writer: MailWriter
    send: (realm: string, settings: RealmSettings, mail: Mail) => Promise<Mailed>
  }
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
