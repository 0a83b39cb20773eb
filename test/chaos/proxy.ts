import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * What happens on the way: answers come 2 s late; nothing passes, either way, and nobody says so; connections are
 * reset; answers come 16 bytes at a time; nothing listens.
 */
export type Fault = 'latency' | 'black hole' | 'reset' | 'slow' | 'down'

export const FAULTS: readonly Fault[] = ['latency', 'black hole', 'reset', 'slow', 'down']

/** Milliseconds that an answer is late. */
const LATENCY = 2_000
/** A trickle: bytes, and milliseconds between them. */
const TRICKLE = { bytes: 16, every: 200 }

/** A TCP proxy that can be told to do badly. */
export interface Proxy {
  port: number
  /** From now on, for connections that are open, too; undefined: all is well, and what was held back flows on. */
  set(fault: Fault | undefined): Promise<void>
  stop(): Promise<void>
}

/** Listens on 127.0.0.1 and passes on to a port of the same. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>()
  const now: { fault: Fault | undefined; ended: AbortController } = {
    fault: undefined,
    ended: new AbortController(),
  }
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (now.fault === 'reset') {
      client.on('error', () => {}).resetAndDestroy()
      return
    }
    const upstream = createConnection({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    for (const [from, to] of [pair, pair.toReversed() as typeof pair]) {
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
      forward(from, to, to === client)
    }
  })
  const listening = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listening(0)
  const { port } = server.address() as AddressInfo

  return {
    port,
    async set(next) {
      now.fault = next
      now.ended.abort()
      now.ended = new AbortController()
      if (next === 'reset') for (const [client] of pairs) client.resetAndDestroy()
      if (next === 'down') await close()
      else if (!server.listening) await listening(port)
    },
    async stop() {
      now.ended.abort()
      if (server.listening) await close()
    },
  }

  async function close(): Promise<void> {
    server.close()
    for (const [client] of pairs) client.destroy()
    await once(server, 'close')
  }

  /** One chunk after the other, however long each takes; the end behind them. */
  function forward(from: Socket, to: Socket, isAnswer: boolean): void {
    let before = Promise.resolve()
    from.on('data', (chunk) => {
      const due = performance.now() + LATENCY
      before = before.then(async () => await pass(chunk, to, isAnswer, due))
    })
    from.on('end', () => {
      before = before.then(() => void to.end())
    })
  }

  async function pass(chunk: Buffer, to: Socket, isAnswer: boolean, due: number): Promise<void> {
    while (now.fault === 'black hole') await over(60_000)
    if (now.fault === 'latency' && isAnswer) await over(Math.max(0, due - performance.now()))
    const trickles = () => now.fault === 'slow' && isAnswer && to.writable
    let left = chunk
    while (trickles() && left.length > 0) {
      to.write(left.subarray(0, TRICKLE.bytes))
      left = left.subarray(TRICKLE.bytes)
      await over(TRICKLE.every)
    }
    if (left.length > 0 && to.writable) to.write(left)
  }

  /** Waits so long, or until the fault is another. */
  async function over(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: now.ended.signal, ref: false }).catch(() => {})
  }
}
