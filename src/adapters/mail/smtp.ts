import { isIP } from 'node:net'
import type { Mailed, Mailer } from '../../core/notices/mail.ts'
import { reachable, Unreachable } from './reach.ts'

/** Milliseconds that a server may take to greet, and for each answer after that. */
const PATIENCE = { greeting: 5_000, answer: 10_000 }

/**
 * Hands mail to the SMTP servers that realms name.
 * @param allowed hosts in private networks that realms may name
 */
export function createMailer(allowed: readonly string[], patience = PATIENCE): Mailer {
  return {
    async send({ host, port, security, from, fromName, username, password }, mail) {
      try {
        const address = await reachable(host, allowed)
        const { createTransport } = await import('nodemailer')
        const transport = createTransport({
          host: address,
          port,
          secure: security === 'tls',
          requireTLS: security === 'starttls',
          ignoreTLS: security === 'none',
          tls: isIP(host) === 0 ? { servername: host } : {},
          ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
          connectionTimeout: patience.greeting,
          greetingTimeout: patience.greeting,
          socketTimeout: patience.answer,
          disableFileAccess: true,
          disableUrlAccess: true,
        })
        try {
          await within(
            patience.greeting + patience.answer,
            transport.sendMail({
              from: { name: fromName ?? '', address: from },
              to: { name: '', address: mail.to },
              subject: mail.subject,
              text: mail.text,
              html: mail.html,
              // Out-of-office replies to a machine help nobody (RFC 3834).
              headers: { 'Auto-Submitted': 'auto-generated' },
            }),
          )
        } finally {
          transport.close()
        }
        return { result: 'sent' }
      } catch (error) {
        return failureOf(error)
      }
    },
  }
}

/** What nodemailer calls a server that does not answer as one does. */
const WORDS: Record<string, string> = {
  ECONNECTION: 'no connection to the server',
  ESOCKET: 'no connection to the server',
  ETIMEDOUT: 'the server did not answer in time',
  ETLS: 'the server offers no encryption that holds',
  EAUTH: 'the server did not take the user name and password',
  EENVELOPE: 'the server did not take the sender or the recipient',
  EMESSAGE: 'the server did not take the message',
}

function failureOf(error: unknown): Mailed {
  if (error instanceof Unreachable) return { result: 'failed', why: error.message }
  const { code = '', responseCode = 0 } = error as { code?: string; responseCode?: number }
  const status = responseCode > 0 ? ` (status ${responseCode})` : ''
  const why = `${WORDS[code] ?? 'the message could not be handed over'}${status}`
  // RFC 5321, 4.2.1: 5yz is for good; a wrong password is the administrator's to mend, and then it may go.
  const forGood = responseCode >= 500 && code !== 'EAUTH'
  return { result: forGood ? 'refused' : 'failed', why }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
