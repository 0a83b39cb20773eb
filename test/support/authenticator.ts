import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()

/** Flags of authenticator data (WebAuthn Level 3, 6.1). */
const UP = 0x01
const UV = 0x04
const BE = 0x08
const BS = 0x10
const AT = 0x40

/** What a test can have go wrong. */
export interface Mischief {
  origin?: string
  rpId?: string
  challenge?: string
  type?: string
  crossOrigin?: boolean
  /** Whether the user was verified; default true. */
  verified?: boolean
  present?: boolean
  /** Default: one more than before. */
  counter?: number
  userHandle?: string
  /** Signs with another key than the one that was registered. */
  forged?: boolean
  synced?: boolean
}

/** A key with a counter, as an authenticator keeps it. */
export interface SoftKey {
  id: string
  privateKey: KeyObject
  counter: number
  user: string
  synced: boolean
}

interface Options {
  challenge: string
  user?: { id: string }
}

/** An authenticator in software: ES256, no attestation, made from the parts that WebAuthn Level 3 describes. */
export class SoftAuthenticator {
  readonly origin: string
  readonly rpId: string

  constructor(origin: string, rpId = new URL(origin).hostname) {
    this.origin = origin
    this.rpId = rpId
  }

  /** Answers creation options: what a browser's `toJSON` gives, as text, and the key that was made. */
  create(optionsJson: string, mischief: Mischief = {}): { answer: string; key: SoftKey } {
    const options = JSON.parse(optionsJson) as Options
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rawId = randomBytes(32)
    const jwk = publicKey.export({ format: 'jwk' })
    const cose = cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(jwk.x ?? '', 'base64url')],
      [-3, Buffer.from(jwk.y ?? '', 'base64url')],
    ])
    const counter = mischief.counter ?? 1
    const attested = Buffer.concat([Buffer.alloc(16), uint16(rawId.length), rawId, cose])
    const authData = Buffer.concat([this.#authData(counter, mischief, AT), attested])
    const attestationObject = cborMap([
      ['fmt', 'none'],
      ['attStmt', new Map<string, never>()],
      ['authData', authData],
    ])
    const id = rawId.toString('base64url')
    const answer = {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: this.#clientData('webauthn.create', options, mischief),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['usb'],
      },
    }
    const synced = mischief.synced ?? false
    return {
      answer: JSON.stringify(answer),
      key: { id, privateKey, counter, user: options.user?.id ?? '', synced },
    }
  }

  /** Answers request options with this key, and counts. */
  get(optionsJson: string, key: SoftKey, mischief: Mischief = {}): string {
    const options = JSON.parse(optionsJson) as Options
    const counter = mischief.counter ?? key.counter + 1
    key.counter = Math.max(key.counter, counter)
    const authData = this.#authData(counter, { synced: key.synced, ...mischief }, 0)
    const clientDataJSON = this.#clientData('webauthn.get', options, mischief)
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))])
    const privateKey =
      mischief.forged === true
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        : key.privateKey
    return JSON.stringify({
      id: key.id,
      rawId: key.id,
      type: 'public-key',
      response: {
        clientDataJSON,
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signed, privateKey).toString('base64url'),
        userHandle: mischief.userHandle ?? key.user,
      },
    })
  }

  #clientData(type: string, { challenge }: Options, mischief: Mischief): string {
    const data = {
      type: mischief.type ?? type,
      challenge: mischief.challenge ?? challenge,
      origin: mischief.origin ?? this.origin,
      crossOrigin: mischief.crossOrigin ?? false,
    }
    return Buffer.from(JSON.stringify(data)).toString('base64url')
  }

  #authData(counter: number, mischief: Mischief, more: number): Buffer {
    const { present = true, verified = true, synced = false, rpId = this.rpId } = mischief
    const flags = (present ? UP : 0) | (verified ? UV : 0) | (synced ? BE | BS : 0) | more
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count])
  }
}

/** The options on a page with a passkey's form. */
export function optionsOn(html: string): string {
  const text = /data-options="([^"]*)"/.exec(html)?.[1]
  if (text === undefined) throw new Error(`no options on the page: ${html.slice(0, 2000)}`)
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#x3D;', '=')
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&')
}

type Cbor = number | string | Buffer | Map<string, never>

/** As much of CBOR (RFC 8949) as a registration needs. */
function cborMap(entries: [number | string, Cbor][]): Buffer {
  return Buffer.concat([
    cborHead(5, entries.length),
    ...entries.flatMap(([name, value]) => [cbor(name), cbor(value)]),
  ])
}

function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value)
  if (typeof value === 'string') return Buffer.concat([cborHead(3, value.length), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value])
  return cborHead(5, 0)
}

function cborHead(major: number, n: number): Buffer {
  if (n < 24) return Buffer.from([(major << 5) | n])
  return n < 256
    ? Buffer.from([(major << 5) | 24, n])
    : Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(n)])
}

function uint16(n: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(n)
  return bytes
}
