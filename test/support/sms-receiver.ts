import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request that came in. */
export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** What is answered: a status with a body, silence, or a broken connection once the request was read. */
export type Answer = { status: number; body?: unknown; location?: string } | 'hang' | 'break'

/** An HTTP server that stands in for whoever takes messages. */
export interface Receiver {
  url: string
  requests: Received[]
  /** Answers each request in turn; the last one stands for all that follow. Forgets what came before. */
  answer(...answers: Answer[]): void
  stop(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const requests: Received[] = []
  let answers: Answer[] = [{ status: 200 }]
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => reply(request, body, response))
  })

  function reply(request: IncomingMessage, body: string, response: ServerResponse): void {
    const { method = '', url = '', headers } = request
    requests.push({ method, path: url, headers, body })
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer === 'hang') return
    if (answer === 'break') {
      response.destroy()
      return
    }
    if (answer.location !== undefined) response.setHeader('Location', answer.location)
    response.writeHead(answer.status, { 'Content-Type': 'application/json' })
    response.end(answer.body === undefined ? '' : JSON.stringify(answer.body))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(...next) {
      requests.length = 0
      answers = next
    },
    async stop() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** How often this process tried in vain to connect to a port while the work was done. */
export async function refusedConnects(port: number, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    socket.once('error', (error: Error & { port?: number }) => {
      if (error.port === port) count++
    })
  }
  subscribe('net.client.socket', watch)
  await work().finally(() => unsubscribe('net.client.socket', watch))
  return count
}
