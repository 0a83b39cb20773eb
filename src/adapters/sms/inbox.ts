import type { Mail, Mailed } from '../../core/notices/mail.ts'
import type { Courier } from '../../core/ports.ts'

const KEPT = 200

/** A message as the inbox page shows it. `at` is an ISO 8601 time. */
export interface InboxMessage {
  channel: 'sms' | 'email'
  to: string
  subject: string
  text: string
  at: string
}

/** Messages of both kinds that are kept in place of being sent. */
export interface Inbox extends Courier {
  /** Newest first; those to one address or number where it is given. */
  messages(to?: string): InboxMessage[]
  keep(mail: Mail): Mailed
}

/** Keeps messages in memory for whoever tries Latchkey out; nothing is sent. */
export function createInbox(): Inbox {
  const messages: InboxMessage[] = []
  const add = (message: Omit<InboxMessage, 'at'>) => {
    messages.unshift({ ...message, at: new Date().toISOString() })
    messages.length = Math.min(messages.length, KEPT)
  }
  return {
    async send({ to, text }) {
      add({ channel: 'sms', to, subject: '', text })
      return { result: 'sent' }
    },
    keep({ to, subject, text }) {
      add({ channel: 'email', to, subject, text })
      return { result: 'sent' }
    },
    messages: (to) => messages.filter((message) => to === undefined || message.to === to),
  }
}
