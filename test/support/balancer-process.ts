import { Agent, createServer, get, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { Behind, Told } from './balancer.ts'

// The process of `startBalancer`: an HTTP proxy that sends each request to the next server in turn, whoever it is of.

/** Milliseconds that a probe waits. */
const PATIENCE = 5_000

const agent = new Agent({ keepAlive: true, maxFreeSockets: 512 })
const figures = { resent: 0, lost: 0 }
let servers: Behind[] = []
let ready: Behind[] = []
let turn = 0

const proxy = createServer((incoming, response) => {
  if (incoming.headers['content-length'] === undefined) pass(incoming, undefined, response)
  else
    buffer(incoming).then(
      (body) => pass(incoming, body, response),
      () => response.destroy(),
    )
})
// Longer than whoever asks keeps connections: none is closed in the moment when it is used again.
proxy.keepAliveTimeout = 60_000
proxy.listen(0, '127.0.0.1', () => tell())

process.on('message', (next: Behind[]) => {
  servers = next
  void probe()
})
process.on('disconnect', () => process.exit())
void probing(Number(process.argv[2]))

function pass(
  incoming: IncomingMessage,
  body: Buffer | undefined,
  response: ServerResponse,
  isAgain = false,
): void {
  const server = ready[turn++ % ready.length]
  if (server === undefined) {
    lose(response)
    return
  }
  const upstream = request(server.url + incoming.url, {
    agent,
    method: incoming.method,
    headers: {
      ...incoming.headers,
      connection: 'keep-alive',
      'x-forwarded-for': incoming.headers['x-forwarded-for'] ?? incoming.socket.remoteAddress,
    },
  })
  let isAnswered = false
  upstream.on('response', (answer) => {
    isAnswered = true
    const { connection: _, 'keep-alive': _keep, 'transfer-encoding': _coding, ...headers } = answer.headers
    response.writeHead(answer.statusCode ?? 502, headers)
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  upstream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isAnswered) return
    // Nobody took the connection, or it ended before a byte of an answer: the request was never read.
    const wasUnread = code === 'ECONNREFUSED' || (code === 'ECONNRESET' && upstream.reusedSocket)
    if (isAgain || !wasUnread) {
      lose(response)
      return
    }
    figures.resent++
    tell()
    pass(incoming, body, response, true)
  })
  upstream.end(body)
}

function lose(response: ServerResponse): void {
  figures.lost++
  tell()
  response.writeHead(502).end()
}

async function probing(every: number): Promise<never> {
  for (;;) {
    await pause(every)
    await probe()
  }
}

async function probe(): Promise<void> {
  const asked = servers
  const well = await Promise.all(asked.map(isReady))
  if (asked !== servers) return
  const now = asked.filter((_, i) => well[i])
  const changed = now.map(({ url }) => url).join() !== ready.map(({ url }) => url).join()
  ready = now
  if (changed) tell()
}

async function isReady({ managementUrl }: Behind): Promise<boolean> {
  return await new Promise((resolve) => {
    const asked = get(`${managementUrl}/health/ready`, { timeout: PATIENCE }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
  })
}

function tell(): void {
  const { port } = proxy.address() as AddressInfo
  process.send?.({ port, ready: ready.map(({ url }) => url), ...figures } satisfies Told)
}
