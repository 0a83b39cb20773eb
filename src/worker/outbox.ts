import type { Mailed } from '../core/notices/mail.ts'
import { nextTry } from '../core/notices/outbox.ts'
import type { Outgoing, OutboxStore } from '../core/notices/outbox.ts'

/** How often the outbox is looked at, milliseconds. */
export const OUTBOX_EVERY = 1_000

const AT_A_TIME = 20

/** What the outbox needs. */
interface Post {
  store: OutboxStore
  /** Hands one message over; never throws. */
  send: (message: Outgoing) => Promise<Mailed>
  /** Epoch milliseconds. */
  clock: () => number
  /** What became of a try: for figures and the log. */
  told: (message: Outgoing, outcome: Mailed, again: boolean) => void
}

/**
 * Sends what is due, once. Any number of servers may: a message is handed to one of them, and to another only where
 * that one ended before it could say what became of it.
 * @returns sends what is due now and gives how many were tried; none while an earlier call is still at it, so that a
 * mail server that hangs holds no more than one batch
 */
export function createOutbox({ store, send, clock, told }: Post): () => Promise<number> {
  let busy = false
  return async () => {
    if (busy) return 0
    busy = true
    try {
      const messages = await store.take(clock(), AT_A_TIME)
      await Promise.all(messages.map(sendOne))
      return messages.length
    } finally {
      busy = false
    }
  }

  async function sendOne(message: Outgoing): Promise<void> {
    const late = message.expiresAt <= clock()
    const outcome: Mailed = late ? { result: 'refused', why: 'its time is over' } : await send(message)
    const again = outcome.result === 'failed' ? nextTry(message, clock()) : undefined
    if (again === undefined) await store.done(message.id)
    else await store.later(message.id, again)
    told(message, outcome, again !== undefined)
  }
}
