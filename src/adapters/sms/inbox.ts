import type { Courier } from '../../core/ports.ts'

const KEPT = 200

/** A message as the inbox page shows it. `at` is an ISO 8601 time. */
export interface InboxMessage {
  channel: 'sms'
  to: string
  subject: string
  text: string
  at: string
}

/** Keeps messages in memory for whoever tries Latchkey out; nothing is sent. Newest first. */
export function createInbox(): Courier & { messages(to?: string): InboxMessage[] } {
  const messages: InboxMessage[] = []
  return {
    async send({ to, text }) {
      messages.unshift({ channel: 'sms', to, subject: '', text, at: new Date().toISOString() })
      messages.length = Math.min(messages.length, KEPT)
      return 'sent'
    },
    messages: (to) => messages.filter((message) => to === undefined || message.to === to),
  }
}
