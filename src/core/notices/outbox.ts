import type { MethodId } from '../method.ts'

/** What users are told of without having asked (S21, ASVS 6.3.7). */
export type NoticeKind =
  | 'attempt-failed'
  | 'locked'
  | 'method-added'
  | 'method-removed'
  | 'methods-reset'
  | 'backup-code-used'
  | 'method-cloned'
  | 'device-trusted'
  /** A copy of its cookie was used. */
  | 'device-copied'
  | 'bypass-given'
  | 'bypass-used'
  | 'set-up-due'

/** What a notice says. `at` is epoch milliseconds; nothing in it is a code, a secret or a full number (R23). */
export interface Notice {
  kind: NoticeKind
  at: number
  method?: MethodId
  /** The application that was signed in to. */
  application?: string
  /** The network address that it came from. */
  address?: string
  /** True where an administrator did it, and not the user. */
  byAdministrator?: true
  /** When a set-up can't be put off any more, epoch milliseconds, and the time zone to say it in. */
  until?: number
  timeZone?: string
  /** Their name, where the user is to know it. */
  by?: string
}

/** A notice on its way. */
export interface Outgoing {
  id: string
  realm: string
  userId: string
  channel: 'mail' | 'sms'
  /** An e-mail address or a number in E.164, as the channel says. */
  to: string
  locale: string | undefined
  realmDisplayName: string
  username: string
  notice: Notice
  /** Of the notices of one burst only the first waits, until it is sent or taken back. */
  burst?: string
  /** Not sent before, epoch milliseconds. */
  notBefore: number
  /** Dropped after, epoch milliseconds. */
  expiresAt: number
  /** How often it was tried. */
  tries: number
}

/** How long a notice is tried for, milliseconds. */
export const NOTICE_LIFETIME = 24 * 60 * 60_000

/** How long one server has to send what it took, milliseconds; after that another may. */
export const CLAIM = 60_000

const FIRST_PAUSE = 30_000
const LONGEST_PAUSE = 60 * 60_000

/** When a message that failed is tried again, epoch milliseconds; undefined where its time is over. */
export function nextTry({ tries, expiresAt }: Outgoing, now: number): number | undefined {
  const at = now + Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
  return at < expiresAt ? at : undefined
}

/** The messages that wait, as the sender uses them. */
export interface OutboxStore {
  /** Takes what is due, for CLAIM; each is handed to one taker. `tries` counts this one. */
  take(now: number, max: number): Promise<Outgoing[]>
  /** Forgets a message: it is sent, or will never be. */
  done(id: string): Promise<void>
  /** Puts a message off, until epoch milliseconds. */
  later(id: string, at: number): Promise<void>
  /** How many wait in all. */
  waiting(): Promise<number>
}
