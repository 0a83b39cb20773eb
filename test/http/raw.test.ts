import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listen } from '../../src/web/listen.ts'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

type Listening = Awaited<ReturnType<typeof listen>>

const REALM = '/realms/demo'
const SMUGGLED = `GET ${REALM}/smuggled HTTP/1.1\r\nHost: a\r\n\r\n`
const EVIL = 'evil.example'

let realm: FakeRealm
let app: RunningApp
let server: Listening
/** The addresses of what became a request. */
let seen: string[] = []

beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({ keycloakUrl: realm.keycloakUrl })
  const watched = express()
    .get('/slow-answer', (_request, response) => {
      response.write('the beginning')
      release = () => response.end(', the end')
    })
    .use((request, _response, next) => {
      seen.push(request.originalUrl)
      next()
    })
    .use(app.web)
  watched.set('etag', false)
  server = await listen(watched, '127.0.0.1', 0)
})
afterAll(async () => {
  await server.stop()
  await app.stop()
  await realm.stop()
})
beforeEach(() => {
  seen = []
})
let release = () => {}

function open(sent: string | Buffer, port = server.port): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(sent)
  return socket
}

/** What comes back until the server, having read all that there is, closes. */
async function exchange(sent: string | Buffer): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.end(sent)
  return await text(socket).catch(() => '')
}

const statusesOf = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

const post = (headers: string, body = '') =>
  `POST ${REALM}/par HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n${headers}\r\n\r\n${body}`
const get = (target: string, headers = 'Host: a') => `GET ${target} HTTP/1.1\r\n${headers}\r\n\r\n`

/** A body that would be a request if its length were read otherwise. */
const BODY = SMUGGLED
const chunked = `0\r\n\r\n${SMUGGLED}`

describe('what could be read as two requests is none, or one', () => {
  it.each<[what: string, sent: string | Buffer]>([
    [
      'a length beside chunks',
      post(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked`, chunked),
    ],
    ['chunks beside a length', post(`Transfer-Encoding: chunked\r\nContent-Length: 3`, chunked)],
    ['two lengths', post(`Content-Length: 0\r\nContent-Length: ${BODY.length}`, BODY)],
    ['two lengths in one header', post(`Content-Length: 0, ${BODY.length}`, BODY)],
    ['a length with a sign', post('Content-Length: +0', BODY)],
    ['a negative length', post('Content-Length: -1', BODY)],
    ['a length in hexadecimal', post('Content-Length: 0x0', BODY)],
    ['a length past 64 bits', post('Content-Length: 18446744073709551616', BODY)],
    ['an empty length', post('Content-Length:', BODY)],
    ['a blank before the colon', post(`Content-Length : ${BODY.length}`, BODY)],
    ['a blank before the colon of an encoding', post('Transfer-Encoding : chunked', chunked)],
    ['an unknown encoding', post('Transfer-Encoding: xchunked', chunked)],
    ['an encoding behind chunked', post('Transfer-Encoding: chunked, identity', chunked)],
    ['two encodings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', chunked)],
    ['an encoding with a tab', post('Transfer-Encoding:\tx chunked', chunked)],
    ['a folded length', post('X: a\r\n Content-Length: 0\r\nTransfer-Encoding:\r\n chunked', chunked)],
    ['a folded first header', `GET ${REALM}/account HTTP/1.1\r\n Host: a\r\n\r\n`],
    ['a bare LF', post(`X: a\nContent-Length: 0`, BODY).replaceAll('\r\n', '\n')],
    ['a bare CR in a header', post(`X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0`, BODY)],
    ['NUL in a header', post('X: a\0b\r\nContent-Length: 0', BODY)],
    ['NUL in a name', post('X\0: a\r\nContent-Length: 0', BODY)],
    ['a chunk of an oversized size', post('Transfer-Encoding: chunked', `fffffffffffffffff\r\n${SMUGGLED}`)],
    ['a chunk of a negative size', post('Transfer-Encoding: chunked', `-1\r\n${SMUGGLED}`)],
    ['a chunk size in front of 0x', post('Transfer-Encoding: chunked', `0x0\r\n\r\n${SMUGGLED}`)],
    ['a chunk longer than it says', post('Transfer-Encoding: chunked', `1\r\nabc${chunked}`)],
    ['a chunk that ends in LF', post('Transfer-Encoding: chunked', `0\n\n${SMUGGLED}`)],
    ['a chunk extension without an end', post('Transfer-Encoding: chunked', `0;${'x'.repeat(20_000)}`)],
    ['a chunk extension with LF', post('Transfer-Encoding: chunked', `2;x\nab\r\n${chunked}`)],
    [
      'a trailer that is a length',
      post('Transfer-Encoding: chunked', `0\r\nContent-Length: 5\r\nX\0: y\r\n\r\n`),
    ],
    ['a header of 64 kB', get(`${REALM}/account`, `Host: a\r\nX: ${'x'.repeat(65_536)}`)],
    ['an address of 64 kB', get(`${REALM}/account?${'x'.repeat(65_536)}`)],
    ['2,000 headers', get(`${REALM}/account`, `Host: a${'\r\nX-Many: yes'.repeat(2_000)}`)],
    ['no host', get(`${REALM}/account`, 'X: a')],
    ['two hosts', get(`${REALM}/account`, `Host: a\r\nHost: ${EVIL}`)],
    ['a target with another authority', get(`http://${EVIL}${REALM}/account`)],
    ['a target of a scheme alone', get(`http:${REALM}/account`)],
    ['a target that is an authority', get(`${EVIL}:443`)],
    ['a target without a slash', get('realms/demo/account')],
    ['a tunnel', `CONNECT ${EVIL}:443 HTTP/1.1\r\nHost: ${EVIL}\r\n\r\n${SMUGGLED}`],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a blank in the target', get(`${REALM}/account x`)],
    ['another version', `GET ${REALM}/account HTTP/2.7\r\nHost: a\r\n\r\n`],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['bytes past ASCII in the target', Buffer.from(get(`${REALM}/\u009b31m`), 'latin1')],
  ])('%s: 4xx or a closed connection, and nothing runs out of a body', async (_what, sent) => {
    const answer = await exchange(sent)
    const statuses = statusesOf(answer)
    expect(statuses.length).toBeLessThanOrEqual(1)
    for (const status of statuses)
      expect(status).toBeOneOf([400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505])
    expect(answer).not.toContain(EVIL)
    expect(seen).not.toContain(`${REALM}/smuggled`)
    // Another client notices nothing.
    expect(statusesOf(await exchange(get(`${REALM}/jwks`)))).toEqual([200])
  })

  it('a whole body is read as what it says it is, and what follows is a request of its own', async () => {
    const form = 'client_id=x'
    const sized = post(`Content-Length: ${form.length}`, form)
    const inChunks = post('Transfer-Encoding: chunked', `b;a=b\r\n${form}\r\n0\r\n\r\n`)
    const answer = await exchange(sized + inChunks + get(`${REALM}/jwks`))
    expect(statusesOf(answer)).toEqual([401, 401, 200])
    expect(seen).toEqual([`${REALM}/par`, `${REALM}/par`, `${REALM}/jwks`])
  })

  it('a body that was refused for its size is not read as the next request', async () => {
    const body = `${'a'.repeat(20_000)}${SMUGGLED.repeat(3)}`
    const answer = await exchange(
      `POST ${REALM}/logout HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}${get(`${REALM}/jwks`)}`,
    )
    expect(statusesOf(answer)[0]).toBe(413)
    expect(seen).not.toContain(`${REALM}/smuggled`)
  })

  it('what is asked for after an error on the same connection is not answered', async () => {
    const answer = await exchange(`${get(`${REALM}/jwks`)}NO HTTP\r\n\r\n${SMUGGLED}`)
    expect(statusesOf(answer).filter((status) => status !== 200 && status !== 400)).toEqual([])
    expect(seen).not.toContain(`${REALM}/smuggled`)
  })

  it('an answer that is under way is cut off, never mixed with that to what came after it', async () => {
    const socket = open(get('/slow-answer'))
    const answer = text(socket).catch(() => '')
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(100)
    socket.write('NO HTTP\r\n\r\n')
    expect(statusesOf(await answer)).toEqual([200])
    release()
  })
})

describe('who takes their time', () => {
  let patient: Listening
  beforeAll(async () => {
    patient = await listen(app.web, '127.0.0.1', 0, { head: 300, request: 600, check: 50 })
  })
  afterAll(async () => await patient.stop())

  it.each([
    ['with the head', `GET ${REALM}/jwks HTTP/1.1\r\nHost: a\r\nX: `],
    ['with the body', post('Content-Length: 1000', 'client_id=')],
    ['with the next chunk', post('Transfer-Encoding: chunked', '3\r\nabc\r\n')],
  ])('%s is not waited for', async (_what, sent) => {
    const socket = open(sent, patient.port)
    const answer = await text(socket).catch(() => '')
    expect(statusesOf(answer).filter((status) => status !== 408)).toEqual([])
    expect(statusesOf(await exchange(get(`${REALM}/jwks`)))).toEqual([200])
  })
})

describe('what a proxy says, or somebody in its place', () => {
  const FORGED = [
    `Host: ${EVIL}`,
    `Host: a\r\nX-Forwarded-Host: ${EVIL}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 666`,
    `Host: a\r\nForwarded: for=192.0.2.1;host=${EVIL};proto=https\r\nX-Host: ${EVIL}`,
    `Host: a\r\nX-Original-URL: ${REALM}/admin\r\nX-Rewrite-URL: ${REALM}/admin\r\nX-Forwarded-Prefix: /${EVIL}`,
    `Host: a\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-Host: ${EVIL}\r\nX-Forwarded-Server: ${EVIL}`,
    `Host: ${EVIL}\r\nReferer: https://${EVIL}/\r\nOrigin: https://${EVIL}`,
  ]
  const PATHS = [
    '/account', '/admin', '/login', '/callback', '/link', '/link/done', '/step/x', '/authorize', '/jwks',
    '/.well-known/openid-configuration', '/api/v1/openapi.json', '/api/v1/users',
  ] // prettier-ignore
  /** What differs by chance: the request's id, the time, and what a login is bound by. */
  const steady = (answer: string) =>
    answer
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
      .replaceAll(/^(Date|Set-Cookie|Content-Length|Vary): .*$/gim, '')
      .replaceAll(/(state|nonce|code_challenge)=[\w-]+/g, '$1')

  it.each(FORGED)('reaches no link, redirect or cookie: %j (R24)', async (headers) => {
    for (const path of PATHS) {
      const answer = await exchange(get(REALM + path, headers))
      expect(answer).not.toContain(EVIL)
      expect(steady(answer)).toBe(steady(await exchange(get(REALM + path))))
    }
  })
})
