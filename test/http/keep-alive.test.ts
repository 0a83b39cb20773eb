import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import express from 'express'
import { expect, it } from 'vitest'
import { listen } from '../../src/web/listen.ts'

it('keeps a connection longer than proxies do, so that none meets one that was just closed', async () => {
  const server = await listen(express(), '127.0.0.1', 0)
  const asked = request({ host: '127.0.0.1', port: server.port, path: '/', agent: false })
  asked.setHeader('Connection', 'keep-alive')
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const { headers, socket } = response
  expect(headers['keep-alive']).toBe('timeout=75')
  socket.destroy()
  await server.stop()
})
