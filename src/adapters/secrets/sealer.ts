import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Sealer } from '../../core/ports.ts'

const VERSION = '1'

/** A key that encrypts at rest: 32 bytes, and the id that rows name it by. */
export interface EncryptionKey {
  id: string
  key: Buffer
}

/**
 * AES-256-GCM under a key derived per context (HKDF-SHA-256, RFC 5869), so that no key meets its limit of random
 * nonces however many rows there are. The first key writes; every key reads.
 */
export function createSealer(keys: readonly EncryptionKey[]): Sealer {
  // One for all texts, so it is derived once: an audit's check takes hundreds of thousands of them.
  const ready = keys.map(({ id, key }) => {
    const extracted = extract(key)
    return { id, extracted, macKey: derive({ extracted }, 'mac', '') }
  })
  const [newest] = ready
  if (newest === undefined) throw new Error('no encryption key')
  const byId = new Map(ready.map((key) => [key.id, key]))
  const find = (id: string) => {
    const key = byId.get(id)
    if (key === undefined) throw new Error(`the encryption key "${id}" is not configured`)
    return key
  }
  return {
    keyIds: ready.map(({ id }) => id),

    seal(plain, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', derive(newest, 'seal', context), iv)
      cipher.setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return [VERSION, newest.id, iv.toString('base64url'), body.toString('base64url')].join('.')
    },

    open(sealed, context) {
      const [version, id, iv, body] = sealed.split('.')
      if (version !== VERSION || id === undefined || iv === undefined || body === undefined) {
        throw new Error('not a sealed text')
      }
      const bytes = Buffer.from(body, 'base64url')
      const decipher = createDecipheriv(
        'aes-256-gcm',
        derive(find(id), 'seal', context),
        Buffer.from(iv, 'base64url'),
        { authTagLength: 16 },
      )
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(-16))
      return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
    },

    mac(text, keyId) {
      const { id, macKey } = keyId === undefined ? newest : find(keyId)
      return { keyId: id, value: createHmac('sha256', macKey).update(text).digest('base64url') }
    },
  }
}

/** HKDF-Extract (RFC 5869, 2.2) without a salt: the same for every context. */
function extract(key: Buffer): KeyObject {
  return createSecretKey(createHmac('sha256', Buffer.alloc(32)).update(key).digest())
}

/**
 * HKDF-Expand (RFC 5869, 2.3): of as many bytes as the hash has it is one HMAC. The runtime's HKDF would extract anew for
 * each row. Key objects all the way: what is given as bytes is made one at each call, which takes longer than the cipher.
 */
function derive(
  { extracted }: { extracted: KeyObject },
  purpose: 'seal' | 'mac',
  context: string,
): KeyObject {
  const info = `latchkey ${purpose} ${context}`
  return createSecretKey(createHmac('sha256', extracted).update(info).update('\x01').digest())
}
