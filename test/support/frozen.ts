import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A way to a server that can be made to hang, as a network does that loses everything: nothing is refused, nothing answers. */
export interface Way {
  port: number
  freeze(): void
  thaw(): void
  /** What waits on it while it hangs. */
  held(): string
  stop(): Promise<void>
}

/** Opens a way to a port of 127.0.0.1. */
export async function openWay(toPort: number): Promise<Way> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  const held: { chunk: Buffer; to: Socket }[] = []
  const pass = (from: Socket, to: Socket) => {
    from.on('data', (chunk: Buffer) => {
      if (isFrozen) held.push({ chunk, to })
      else to.write(chunk)
    })
  }
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      for (const { chunk, to: waiting } of held.splice(0)) waiting.write(chunk)
    },
    held: () => held.map(({ chunk }) => chunk.toString('latin1')).join(''),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
