import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/web/listen.ts'

describe('what never becomes a request', () => {
  let server: Awaited<ReturnType<typeof listen>>
  beforeAll(async () => {
    server = await listen(express(), '127.0.0.1', 0)
  })
  afterAll(async () => await server.stop())

  const LONG = 'x'.repeat(17_000)
  it.each([
    ['an address of 17,000 characters', `GET /?${LONG} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['a header of 17,000 characters', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${LONG}\r\n\r\n`, 431],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s is refused, never stored, and ends the connection', async (_what, sent, status) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(sent)
    const answer = await text(socket)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('\r\nCache-Control: no-store\r\n')
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe('')
  })
})
