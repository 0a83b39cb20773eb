import { createHmac, randomUUID } from 'node:crypto'
import type { Courier } from '../../core/ports.ts'

const TIMEOUT = 2_500

/**
 * Hands messages to a service of the operator's: a POST with JSON `{ to, text }`, signed as Standard Webhooks say
 * (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…` over `id.timestamp.body`). A second try carries the same
 * id, by which the receiver tells it from a second message. 2xx: taken. 4xx: refused.
 * @param secret the key of the HMAC-SHA-256: `whsec_` and base64, or the text itself
 */
export function webhookCourier({ url, secret }: { url: string; secret: string }): Courier {
  return {
    async send({ to, text }) {
      const body = JSON.stringify({ to, text })
      const id = `msg_${randomUUID()}`
      const first = await post(url, id, body, secret)
      return first === 'failed' ? await post(url, id, body, secret) : first
    },
  }
}

async function post(
  url: string,
  id: string,
  body: string,
  secret: string,
): Promise<'sent' | 'refused' | 'failed'> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  try {
    const { ok, status } = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT / 2),
    })
    if (ok) return 'sent'
    return status >= 400 && status < 500 ? 'refused' : 'failed'
  } catch {
    return 'failed'
  }
}

function keyOf(secret: string): string | Buffer {
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1]
  return encoded === undefined ? secret : Buffer.from(encoded, 'base64')
}
