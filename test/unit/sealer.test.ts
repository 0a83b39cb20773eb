import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'

const k1 = { id: 'k1', key: randomBytes(32) }
const k2 = { id: 'k2', key: randomBytes(32) }
const sealer = createSealer([k1])
const context = (realm: string, user: string, id: string) => JSON.stringify(['credential', realm, user, id])
const HERE = context('demo', 'user-1', 'c1')

describe('what is sealed', () => {
  it('is under the key that HKDF-SHA-256 derives for its context (RFC 5869)', () => {
    const iv = randomBytes(12)
    const derived = Buffer.from(hkdfSync('sha256', k1.key, '', `latchkey seal ${HERE}`, 32))
    const cipher = createCipheriv('aes-256-gcm', derived, iv).setAAD(Buffer.from(HERE))
    const body = Buffer.concat([cipher.update('by the runtime'), cipher.final(), cipher.getAuthTag()])
    const sealed = ['1', 'k1', iv.toString('base64url'), body.toString('base64url')].join('.')
    expect(sealer.open(sealed, HERE)).toBe('by the runtime')
  })

  it('opens in its context and reads as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, where) => {
        expect(sealer.open(sealer.seal(plain, where), where)).toBe(plain)
      }),
    )
  })

  it.each([
    ['user', context('demo', 'user-2', 'c1')],
    ['realm', context('other', 'user-1', 'c1')],
    ['credential', context('demo', 'user-1', 'c2')],
    ['kind', JSON.stringify(['transaction', 'demo', 'user-1', 'c1'])],
  ])('does not open for another %s (R5)', (_, other) => {
    const sealed = sealer.seal('secret', HERE)
    expect(() => sealer.open(sealed, other)).toThrow()
  })

  it('does not open where a bit was flipped, anywhere (R5)', () => {
    const sealed = sealer.seal('{"secret":"GEZDGNBVGY3TQOJQ","lastStep":0}', HERE)
    const [version, id, iv = '', body = ''] = sealed.split('.')
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.nat({ max: 7 }), (inIv, at, bit) => {
        const bytes = Buffer.from(inIv ? iv : body, 'base64url')
        bytes[at % bytes.length]! ^= 1 << bit
        const flipped = bytes.toString('base64url')
        const changed = [version, id, inIv ? flipped : iv, inIv ? body : flipped].join('.')
        expect(() => sealer.open(changed, HERE)).toThrow()
      }),
    )
  })

  it('does not open with a shorter tag (R5)', () => {
    const [version, id, iv, body = ''] = sealer.seal('secret', HERE).split('.')
    for (let cut = 1; cut <= 16; cut++) {
      const short = Buffer.from(body, 'base64url').subarray(0, -cut).toString('base64url')
      expect(() => sealer.open([version, id, iv, short].join('.'), HERE)).toThrow()
    }
  })

  it.each(['', 'secret', '1.k1', '2.k1.AAAA.AAAA', '1.k1..', '1.k1.AAAA.AAAA'])(
    'does not open %j',
    (text) => {
      expect(() => sealer.open(text, HERE)).toThrow()
    },
  )

  it('names the key that is missing, and no secret', () => {
    const sealed = createSealer([k2]).seal('hunter2', HERE)
    expect(() => sealer.open(sealed, HERE)).toThrow('the encryption key "k2" is not configured')
  })

  it('does not open under another key of the same id (R5)', () => {
    const sealed = createSealer([{ id: 'k1', key: randomBytes(32) }]).seal('secret', HERE)
    expect(() => sealer.open(sealed, HERE)).toThrow()
  })

  it('is read under the old key and written under the new one while keys rotate (R5)', () => {
    const old = sealer.seal('secret', HERE)
    const rotated = createSealer([k2, k1])
    expect(rotated.open(old, HERE)).toBe('secret')
    expect(rotated.seal('secret', HERE).split('.')[1]).toBe('k2')
  })

  it('never looks alike twice, and holds nothing of the plain text', () => {
    const [one, two] = [sealer.seal('secret', HERE), sealer.seal('secret', HERE)]
    expect(one).not.toBe(two)
    expect(Buffer.from(one.split('.')[3]!, 'base64url').toString('latin1')).not.toContain('secret')
  })
})

describe('a keyed hash', () => {
  it('is of the newest key unless another is named, and differs by key and text (R4)', () => {
    const rotated = createSealer([k2, k1])
    expect(rotated.mac('a').keyId).toBe('k2')
    expect(rotated.mac('a', 'k1')).toEqual(sealer.mac('a'))
    expect(rotated.mac('a').value).not.toBe(sealer.mac('a').value)
    expect(sealer.mac('b').value).not.toBe(sealer.mac('a').value)
    expect(() => sealer.mac('a', 'k2')).toThrow('not configured')
  })
})

it('needs a key', () => {
  expect(() => createSealer([])).toThrow('no encryption key')
})
