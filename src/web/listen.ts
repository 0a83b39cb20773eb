import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { answerUnreadable } from './unreadable.ts'

/** Starts to listen; resolves when the port is open. `stop` lets requests that are under way end. */
export async function listen(
  handler: Express,
  host: string,
  port: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server: Server = handler.listen(port, host)
  server.on('clientError', answerUnreadable)
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
