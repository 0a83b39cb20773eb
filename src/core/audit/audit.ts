/** What an entry of the audit tells of. */
export type AuditEvent =
  | 'challenge.succeeded'
  | 'challenge.failed'
  | 'enrolment.succeeded'
  | 'enrolment.failed'
  /** A passkey's counter stood still: there may be a second one like it. */
  | 'method.cloned'
  | 'lockout.started'
  | 'code.sent'
  | 'link.sent'
  | 'link.used'
  | 'decision.needed'
  | 'decision.not-needed'
  /** A proposal would have decided otherwise. */
  | 'decision.proposed'
  /** The user had a browser trusted. */
  | 'device.trusted'
  /** A trusted device stood in for a second factor. */
  | 'device.used'
  /** A cookie came that was used before: somebody has a copy. */
  | 'device.copied'
  /** The user, or an administrator, trusts it no longer. */
  | 'device.forgotten'
  | 'device.revoked'
  | 'settings.changed'
  | 'secret.changed'
  | 'mail.tested'
  | 'sms.tested'
  /** A notice by text message, on its way to the provider. */
  | 'notice.texted'
  | 'rule.saved'
  | 'rule.removed'
  | 'proposal.saved'
  | 'proposal.removed'
  | 'override.saved'
  | 'override.removed'
  /** An app came along from Keycloak. */
  | 'method.imported'
  | 'method.removed'
  | 'method.renamed'
  /** The user chose what to be asked for first. */
  | 'method.preferred'
  /** The user switched the second factor off. */
  | 'methods.removed'
  /** What was set up after a code of the help desk took the place of all there was. */
  | 'methods.replaced'
  | 'method.revoked'
  | 'methods.reset'
  | 'user.created'
  /** Somebody deleted in Keycloak's console what only a tfa-admin may revoke. */
  | 'deletion.refused'
  | 'user.unlocked'
  /** A code of the help desk, which its user entered at a login, or nobody may any more. */
  | 'bypass.given'
  | 'bypass.used'
  | 'bypass.taken-back'
  | 'user.gone'
  | 'user.returned'
  | 'sync.confirmed'
  | 'audit.exported'

/** Who does what no person did. */
export const WORKER = 'latchkey:worker'
export const COMMAND_LINE = 'latchkey:command-line'
/** An administrator in Keycloak's own console; Keycloak's events say which. */
export const KEYCLOAK = 'keycloak:console'

/** An entry of the audit: never a code, a secret, a full number or a token (R23). */
export interface AuditEntry {
  event: AuditEvent
  realm: string
  /** Whom it is about; empty where it is about the realm. */
  userId: string
  /** Who did it: a user's id, WORKER, COMMAND_LINE or KEYCLOAK; absent: the user whom it is about. */
  actor?: string
  /** The network address that it was asked for from. */
  address?: string
  /** Epoch milliseconds. */
  at: number
  /** Why, and what else there is to know: plain JSON. */
  detail: Record<string, unknown>
}

/** An entry as it is kept. */
export interface KeptEntry extends AuditEntry {
  id: string
  actor: string
  /** Its number in the realm's chain, once it is sealed. */
  seq: number | undefined
}

/** Which entries; what is absent does not narrow. `from` and `to` are epoch milliseconds, `to` not included. */
export interface AuditQuery {
  userId?: string
  actor?: string
  event?: AuditEvent
  from?: number
  to?: number
}

/** The audit as it is read. */
export interface AuditStore {
  /** Newest first; `after` is the `next` of the page before. */
  list(
    realm: string,
    query: AuditQuery,
    page: { after?: string; max: number },
  ): Promise<{ entries: KeptEntry[]; next: string | undefined }>
  /** Everything that matches, oldest first, in pages. */
  everything(realm: string, query: AuditQuery): AsyncIterable<KeptEntry[]>
}
