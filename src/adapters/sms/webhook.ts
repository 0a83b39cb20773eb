import { createHmac, randomUUID } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import type { Courier, Handover } from '../../core/ports.ts'
import { wordsFor } from './connection.ts'

const TIMEOUT = 2_500

/** A service that takes messages. */
export interface Webhook {
  url: string
  /** The key of the HMAC-SHA-256: `whsec_` and base64, or the text itself. */
  secret: string
  /**
   * The network address to connect to, which is asked for before each message; absent: as the system finds it.
   * @throws Error whose message may be shown
   */
  reach?: (url: URL) => Promise<string>
}

/**
 * Hands messages to a service: a POST with JSON `{ to, text }`, signed as Standard Webhooks say (`webhook-id`,
 * `webhook-timestamp`, `webhook-signature: v1,…` over `id.timestamp.body`). A second try carries the same id, by which
 * the receiver tells it from a second message. 2xx: taken. 4xx: refused. Redirects are not followed.
 */
export function webhookCourier(webhook: Webhook): Courier {
  return {
    async send({ to, text }) {
      const body = JSON.stringify({ to, text })
      const id = `msg_${randomUUID()}`
      const first = await post(webhook, id, body)
      return first.result === 'failed' && first.again ? await post(webhook, id, body) : first
    },
  }
}

async function post(
  { url: text, secret, reach }: Webhook,
  id: string,
  body: string,
): Promise<Handover & { again?: boolean }> {
  const url = new URL(text)
  let address: string | undefined
  try {
    address = await reach?.(url)
  } catch (error) {
    return { result: 'failed', why: error instanceof Error ? error.message : 'the webhook is out of reach' }
  }
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  try {
    const status = await statusOf(url, address, body, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    })
    if (status >= 200 && status < 300) return { result: 'sent' }
    const refused = status >= 400 && status < 500
    const why = `the webhook ${refused ? 'refused the message' : 'did not take the message'} (status ${status})`
    return refused ? { result: 'refused', why } : { result: 'failed', why, again: true }
  } catch (error) {
    return { result: 'failed', why: wordsFor(error, 'the webhook'), again: true }
  }
}

async function statusOf(
  url: URL,
  address: string | undefined,
  body: string,
  headers: Record<string, string>,
): Promise<number> {
  const name = url.hostname.replaceAll(/[[\]]/g, '')
  const isTls = url.protocol === 'https:'
  const send = isTls ? requestHttps : requestHttp
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send({
      method: 'POST',
      host: address ?? name,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      path: url.pathname,
      headers: { host: url.host, ...headers },
      // The certificate is the name's, whatever address it was found at.
      ...(isTls && isIP(name) === 0 ? { servername: name } : {}),
      signal: AbortSignal.timeout(TIMEOUT / 2),
    })
      .on('response', resolve)
      .on('error', reject)
      .end(body)
  })
  response.on('error', () => {}).destroy()
  return response.statusCode ?? 0
}

function keyOf(secret: string): string | Buffer {
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1]
  return encoded === undefined ? secret : Buffer.from(encoded, 'base64')
}
