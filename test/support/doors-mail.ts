import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A mail server that keeps what it is sent. */
export interface MailServer {
  port: number
  /** The newest mail's first link to Keycloak's action tokens, once a mail to that address came. */
  linkTo(address: string): Promise<string>
  stop(): Promise<void>
}

/** Listens on 127.0.0.1: as much of SMTP as Keycloak speaks. */
export async function startMailServer(): Promise<MailServer> {
  const mails: { to: string; text: string }[] = []
  const server = createServer((socket) => {
    let buffer = ''
    let to = ''
    let data: string[] | undefined
    socket.setEncoding('utf8').on('error', () => socket.destroy())
    const say = (line: string) => socket.write(`${line}\r\n`)
    const take = (line: string) => {
      if (data !== undefined) {
        if (line !== '.') data.push(line)
        else {
          mails.push({ to, text: decode(data.join('\n')) })
          data = undefined
          say('250 kept')
        }
        return
      }
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'RCPT') to = /<([^>]*)>/.exec(line)?.[1] ?? ''
      if (verb === 'DATA') data = []
      say(verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 ok')
    }
    say('220 mail')
    socket.on('data', (chunk: string) => {
      const lines = (buffer + chunk).split('\r\n')
      buffer = lines.pop() ?? ''
      for (const line of lines) take(line)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async linkTo(address) {
      for (let i = 0; i < 100; i++) {
        const text = mails.findLast((mail) => mail.to === address)?.text
        const link = /https?:\/\/[^\s"<>]*action-token[^\s"<>]*/.exec(text ?? '')?.[0]
        if (link !== undefined) return link.replaceAll('&amp;', '&')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      throw new Error(`no mail with a link came to ${address}: ${mails.map((mail) => mail.to).join(', ')}`)
    },
    async stop() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** Quoted-printable, as mails to programs come. */
function decode(text: string): string {
  return text
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
