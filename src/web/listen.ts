import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Express } from 'express'
import { answerUnreadable } from './unreadable.ts'

/**
 * How long a client may take for a request's head and for the whole of it, and how often that is looked at, milliseconds.
 * The largest body is 1 MB; an answer may take as long as it needs.
 */
const PATIENCE = { head: 10_000, request: 30_000, check: 5_000 }

/**
 * Milliseconds that a connection is kept for its next request: longer than proxies keep theirs, which must not meet one
 * that we just closed, and so that a login now and then costs Keycloak no new connection.
 */
const KEPT_ALIVE = 75_000

/** Milliseconds that a connection without a request has to come up with one, once nothing new is taken. */
const LAST_CALL = 1_000

/** A server that listens. */
export interface Listening {
  port: number
  /** Has every answer from now on end its connection (RFC 9112, 9.6), so that clients go elsewhere. */
  drain(): void
  /** Takes no new connection, and lets requests that are under way end. */
  stop(): Promise<void>
}

/** Starts to listen; resolves when the port is open. */
export async function listen(
  handler: Express,
  host: string,
  port: number,
  patience = PATIENCE,
): Promise<Listening> {
  const server = createServer(
    {
      headersTimeout: patience.head,
      requestTimeout: patience.request,
      connectionsCheckingInterval: patience.check,
      keepAliveTimeout: KEPT_ALIVE,
    },
    handler,
  )
  // Node.js drops headers past the 2,000th and says nothing; all of them together have 16 KiB in any case.
  server.maxHeadersCount = 0
  answerUnreadable(server)
  const sockets = new Set<Socket>()
  const underWay = new Set<ServerResponse>()
  let isDraining = false
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    if (isDraining) endConnection(response)
  })
  server.listen(port, host)
  await once(server, 'listening')

  function drain(): void {
    isDraining = true
    for (const response of underWay) endConnection(response)
  }

  return {
    port: (server.address() as AddressInfo).port,
    drain,
    async stop() {
      drain()
      const closed = once(server, 'close')
      // Connections that were kept alive are closed by this; those that browsers opened for later are not.
      server.close()
      const sweep = setTimeout(() => {
        const busy = new Set([...underWay].map(({ socket }) => socket))
        for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
      }, LAST_CALL)
      await closed
      clearTimeout(sweep)
    },
  }
}

function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}
