import type { Handover } from '../ports.ts'
import type { RealmSettings } from '../settings.ts'

/** The server that a realm's mail goes out by, with its password. */
export type MailServer = NonNullable<RealmSettings['mail']> & { password?: string | undefined }

/** A message, ready to go. */
export interface Mail {
  to: string
  subject: string
  text: string
  html: string
}

/** What became of a mail. `failed`: it may go later. `refused`: it never will, as it stands. */
export type Mailed = Handover

/** Takes mail to a server. */
export interface Mailer {
  /** Never throws; ends within 15 s. */
  send(server: MailServer, mail: Mail): Promise<Mailed>
}

/** An e-mail address as it may be shown: the first letter of the mailbox, and the domain (R23). */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const first = /^./u.exec(address.slice(0, at))?.[0] ?? ''
  return `${first}•••${address.slice(at)}`
}
