import { createHmac } from 'node:crypto'

const PERIOD = 30

/** The time step of RFC 6238 that a moment, epoch milliseconds, lies in. */
export function stepAt(now: number): number {
  return Math.floor(now / 1000 / PERIOD)
}

/** The six digits of RFC 4226, 5.3 for a counter, by HMAC-SHA-1. */
export function codeOf(secret: Buffer, counter: number): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', secret).update(message).digest()
  const offset = mac[19]! & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** The step whose code it is: this moment's, or the one before or after. Undefined where it is none of them. */
export function acceptedStep(secret: Buffer, code: string, now: number): number | undefined {
  const step = stepAt(now)
  return [step, step - 1, step + 1].find((one) => codeOf(secret, one) === code)
}

/** The codes that are right now or within a minute of it, so that a wrong one can be made that stays wrong. */
export function codesAround(secret: Buffer, now: number): string[] {
  return [-2, -1, 0, 1, 2].map((by) => codeOf(secret, stepAt(now) + by))
}
