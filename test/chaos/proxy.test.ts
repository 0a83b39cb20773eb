import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'

const LONG = 'x'.repeat(100)
let proxy: Proxy
let stop: () => void
let arrived: string

/** Answers each word with the word and a long tail. */
beforeEach(async () => {
  arrived = ''
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        arrived += String(chunk)
        socket.write(`${String(chunk)}${LONG}`)
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startProxy((server.address() as AddressInfo).port)
  stop = () => server.close()
})
afterEach(async () => {
  await proxy.stop()
  stop()
})

/** A client that keeps what it reads, and how its connection ended. */
function connect() {
  const socket: Socket = createConnection({ port: proxy.port, host: '127.0.0.1' })
  const client = { socket, read: '', ended: '' }
  socket.on('data', (chunk) => (client.read += String(chunk)))
  socket.on('error', (error: Error & { code?: string }) => (client.ended = error.code ?? 'error'))
  socket.on('close', () => (client.ended ||= 'closed'))
  return client
}

const answered = async (client: ReturnType<typeof connect>, words: string) =>
  await expect.poll(() => client.read, { timeout: 10_000 }).toBe(words)

describe('a proxy', () => {
  it('passes on what it is given, and its end', async () => {
    const client = connect()
    client.socket.write('hello')
    await answered(client, `hello${LONG}`)
    client.socket.end()
    await expect.poll(() => client.ended).toBe('closed')
  })

  it('that is a black hole lets nothing through, in open connections neither, and all of it afterwards', async () => {
    const client = connect()
    client.socket.write('one')
    await answered(client, `one${LONG}`)
    await proxy.set('black hole')
    client.socket.write('two')
    const late = connect()
    await once(late.socket, 'connect')
    late.socket.write('three')
    expect([arrived, client.ended, late.ended]).toEqual(['one', '', ''])
    await proxy.set(undefined)
    await answered(client, `one${LONG}two${LONG}`)
    await answered(late, `three${LONG}`)
    client.socket.destroy()
    late.socket.destroy()
  })

  it.each(['latency', 'slow'] as const)('with %s answers in the end, with every byte', async (fault) => {
    await proxy.set(fault)
    const client = connect()
    client.socket.write('hello')
    await expect.poll(() => arrived).toBe('hello')
    expect(client.read).not.toContain(LONG)
    await answered(client, `hello${LONG}`)
    client.socket.destroy()
  })

  it('that resets does it to connections that are open and to new ones, until it is told otherwise', async () => {
    const open = connect()
    open.socket.write('one')
    await answered(open, `one${LONG}`)
    await proxy.set('reset')
    await expect.poll(() => open.ended).toBe('ECONNRESET')
    const next = connect()
    await expect.poll(() => next.ended).toBe('ECONNRESET')
    await proxy.set(undefined)
    const last = connect()
    last.socket.write('two')
    await answered(last, `two${LONG}`)
    last.socket.destroy()
  })

  it('that is down refuses connections, and takes them at the same port afterwards', async () => {
    await proxy.set('down')
    const client = connect()
    await expect.poll(() => client.ended).toBe('ECONNREFUSED')
    await proxy.set(undefined)
    const next = connect()
    next.socket.write('hello')
    await answered(next, `hello${LONG}`)
    next.socket.destroy()
  })
})
