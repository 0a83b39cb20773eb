import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Account, MethodContext, Send } from '../../core/method.ts'

/** The newest code, as a keyed hash that is bound to its user and its destination (R3). */
export const sentCode = z.object({
  to: z.string(),
  keyId: z.string(),
  value: z.string(),
  expiresAt: z.number(),
  /** Those before this was kept had six. */
  digits: z.int().default(6),
})

export type SentCode = z.infer<typeof sentCode>

/** A new code of the realm's length, and what to keep of it. */
export function newCode(
  channel: Send['channel'],
  to: string,
  account: Account,
  context: MethodContext,
): { send: Send; code: SentCode } {
  const { codeLength: digits, codeSeconds } = context.settings
  const code = String(context.random(6).readUIntBE(0, 6) % 10 ** digits).padStart(digits, '0')
  const expiresAt = context.now + codeSeconds * 1000
  const send: Send = { channel, to, code, expiresAt }
  return { send, code: { to, ...hash(code, to, account, context), expiresAt, digits } }
}

/**
 * Whether an answer is the newest code, sent to this destination, in time. `missing` where it could be no code at all.
 */
export function checkCode(
  to: string,
  code: SentCode | undefined,
  answer: string,
  account: Account,
  context: MethodContext,
): 'right' | 'missing' | 'wrong' {
  const digits = answer.replaceAll(/[\s-]/g, '')
  // The length is no secret, the page says it; what is shorter or longer was no try at this code.
  if (!/^\d{6,8}$/.test(digits) || (code !== undefined && digits.length !== code.digits)) return 'missing'
  if (code === undefined || code.to !== to || !context.keyIds.includes(code.keyId)) return 'wrong'
  const { value } = hash(digits, code.to, account, context, code.keyId)
  const same = timingSafeEqual(Buffer.from(value), Buffer.from(code.value))
  return same && context.now < code.expiresAt ? 'right' : 'wrong'
}

function hash(code: string, to: string, { realm, userId }: Account, context: MethodContext, keyId?: string) {
  return context.mac(JSON.stringify(['sent-code', realm, userId, to, code]), keyId)
}
