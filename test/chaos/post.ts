import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

/** Stands in for whoever takes text messages (a webhook) and mail (SMTP), and keeps the newest that each address got. */
export interface Post {
  webhookUrl: string
  mailPort: number
  /** Text messages taken so far. */
  texts(): number
  /** The newest message that holds a code or a link, to a number in E.164 or an address. @throws Error where there is none */
  newest(to: string): string
  stop(): Promise<void>
}

/** What a code or a link looks like in a message. */
const OF_USE = /#\d{6}$|\b\d{6}\b|\/link\?token=/

export async function startPost(): Promise<Post> {
  const newest = new Map<string, string>()
  let texts = 0
  const keep = (to: string, text: string) => {
    if (OF_USE.test(text)) newest.set(to, text)
  }
  const webhook = createServer((request, response) => {
    textOf(request).then(
      (body) => {
        const { to, text } = JSON.parse(body) as { to: string; text: string }
        texts++
        keep(to, text)
        response.end()
      },
      () => response.destroy(),
    )
  })
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, { envelope }, done) {
      simpleParser(stream).then(
        (mail) => {
          for (const { address } of envelope.rcptTo) keep(address, mail.text ?? '')
          done()
        },
        (error: Error) => done(error),
      )
    },
  })
  smtp.on('error', () => {})
  webhook.listen(0, '127.0.0.1')
  smtp.listen(0, '127.0.0.1')
  await Promise.all([once(webhook, 'listening'), once(smtp.server, 'listening')])
  return {
    webhookUrl: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
    mailPort: (smtp.server.address() as AddressInfo).port,
    texts: () => texts,
    newest(to) {
      const text = newest.get(to)
      if (text === undefined) throw new Error(`nothing with a code or a link was sent to ${to}`)
      return text
    },
    async stop() {
      webhook.closeAllConnections()
      webhook.close()
      await Promise.all([once(webhook, 'close'), new Promise<void>((done) => smtp.close(() => done()))])
    },
  }
}
