import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { simpleParser } from 'mailparser'
import type { ParsedMail } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'

/** A real SMTP server on 127.0.0.1 that keeps what it takes. */
export interface MailServerDouble {
  port: number
  /** Oldest first. */
  mails: ParsedMail[]
  /** Fulfilled with the newest mail to this address, of those with such a subject, once there are `count` of them. */
  mailTo(address: string, subject?: RegExp, count?: number): Promise<ParsedMail>
  stop(): Promise<void>
}

/** The options of a server that takes mail from this user alone. */
export function onlyFor(user: string, secret: string): SMTPServerOptions {
  return {
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === user && password === secret
        ? done(null, { user: username })
        : done(new Error('no such user')),
  }
}

export async function startMailServer(
  options: SMTPServerOptions & { port?: number } = {},
): Promise<MailServerDouble> {
  const mails: ParsedMail[] = []
  const waiting: (() => void)[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      simpleParser(stream).then(
        (mail) => {
          mails.push(mail)
          for (const wake of waiting.splice(0)) wake()
          done()
        },
        (error: Error) => done(error),
      )
    },
    ...options,
  })
  server.on('error', () => {})
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server.server, 'listening')
  const to = (address: string) =>
    mails.filter((mail) =>
      [mail.to].flat().some((list) => list?.value.some((one) => one.address === address)),
    )
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    async mailTo(address, subject = /./, count = 1) {
      for (;;) {
        const found = to(address).filter((mail) => subject.test(mail.subject ?? ''))
        const newest = found.at(-1)
        if (newest !== undefined && found.length >= count) return newest
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    stop: async () => await new Promise((resolve) => server.close(() => resolve())),
  }
}
