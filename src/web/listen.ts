import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { answerUnreadable } from './unreadable.ts'

/**
 * How long a client may take for a request's head and for the whole of it, and how often that is looked at, milliseconds.
 * The largest body is 1 MB; an answer may take as long as it needs.
 */
const PATIENCE = { head: 10_000, request: 30_000, check: 5_000 }

/** Starts to listen; resolves when the port is open. `stop` lets requests that are under way end. */
export async function listen(
  handler: Express,
  host: string,
  port: number,
  patience = PATIENCE,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer(
    {
      headersTimeout: patience.head,
      requestTimeout: patience.request,
      connectionsCheckingInterval: patience.check,
    },
    handler,
  )
  // Node.js drops headers past the 2,000th and says nothing; all of them together have 16 KiB in any case.
  server.maxHeadersCount = 0
  answerUnreadable(server)
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close()
      server.closeIdleConnections()
      await once(server, 'close')
    },
  }
}
