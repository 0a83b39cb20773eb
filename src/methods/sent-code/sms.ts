import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Account, Method, MethodContext, Send, Verdict } from '../../core/method.ts'
import { maskPhone, readPhone } from './phone.ts'

const DIGITS = 6

const stored = z.object({ phone: z.string() })

/** The newest code, as a keyed hash that is bound to its user and its destination (R3). */
const sent = z.object({ to: z.string(), keyId: z.string(), value: z.string(), expiresAt: z.number() })

const kept = z.object({
  /** What was typed, to be shown again. */
  country: z.string().optional(),
  typed: z.string().default(''),
  /** Where the codes go, once that is known; E.164. */
  phone: z.string().optional(),
  /** An administrator set it (R25). */
  fixed: z.boolean().default(false),
  sent: sent.optional(),
})

type Phone = z.infer<typeof stored>
type Kept = z.infer<typeof kept>

/** Codes by text message: six random digits, good for minutes, once, for the login and purpose they were sent for. */
export const sms: Method<Phone, Kept> = {
  id: 'sms',
  amr: 'sms',
  level: 2,
  companion: false,
  single: true,

  read: (json) => stored.parse(json),

  beginEnrolment(account, { settings }) {
    const country = settings.smsCountries[0]
    const keep = {
      typed: '',
      fixed: (account.phone ?? '').trim() !== '',
      ...(country === undefined ? {} : { country }),
    }
    const known = readPhone({ country: '', phone: account.phone ?? '' }, settings.smsCountries)
    return { keep: known.ok ? { ...keep, phone: known.phone } : keep }
  },

  aimEnrolment(state, { country, phone }, { settings }) {
    if (kept.parse(state).fixed) return undefined
    const read = readPhone({ country, phone }, settings.smsCountries)
    const typed = { country, typed: phone.slice(0, 40), fixed: false }
    return read.ok
      ? { ok: true, keep: { ...typed, phone: read.phone } }
      : { ok: false, error: read.error, keep: typed }
  },

  sendEnrolment(state, account, context) {
    const { phone, ...rest } = kept.parse(state)
    if (phone === undefined) return undefined
    const { send, code } = newCode(phone, account, context)
    return { keep: { ...rest, phone, sent: code }, send }
  },

  showEnrolment(state) {
    const { country, typed, phone, fixed } = kept.parse(state)
    if (phone !== undefined) return { kind: 'sent-code', to: maskPhone(phone), fixed }
    return fixed ? { kind: 'unusable' } : { kind: 'phone', country, phone: typed }
  },

  finishEnrolment(state, answer, account, context) {
    const { phone = '', sent: code } = kept.parse(state)
    return accept({ phone }, code, answer, account, context)
  },

  sendChallenge({ phone }, account, context) {
    // A country that was closed since is closed for numbers that are stored, too.
    if (!readPhone({ country: '', phone }, context.settings.smsCountries).ok) return undefined
    const { send, code } = newCode(phone, account, context)
    return { keep: { typed: '', fixed: true, phone, sent: code }, send }
  },

  showChallenge: ({ phone }) => ({ kind: 'sent-code', to: maskPhone(phone), fixed: true }),

  finishChallenge: (credential, state, answer, account, context) =>
    accept(credential, kept.optional().parse(state)?.sent, answer, account, context),
}

function newCode(to: string, account: Account, context: MethodContext) {
  const digits = String(context.random(6).readUIntBE(0, 6) % 10 ** DIGITS).padStart(DIGITS, '0')
  const expiresAt = context.now + context.settings.codeSeconds * 1000
  const send: Send = { channel: 'sms', to, code: digits }
  return { send, code: { to, ...hash(digits, to, account, context), expiresAt } }
}

function accept(
  credential: Phone,
  code: z.infer<typeof sent> | undefined,
  answer: string,
  account: Account,
  context: MethodContext,
): Verdict<Phone> {
  const digits = answer.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(digits)) return { ok: false, error: 'missing' }
  if (code === undefined || code.to !== credential.phone) return { ok: false, error: 'wrong' }
  const { value } = hash(digits, code.to, account, context, code.keyId)
  const same = timingSafeEqual(Buffer.from(value), Buffer.from(code.value))
  return same && context.now < code.expiresAt ? { ok: true, credential } : { ok: false, error: 'wrong' }
}

function hash(code: string, to: string, { realm, userId }: Account, context: MethodContext, keyId?: string) {
  return context.mac(JSON.stringify(['sent-code', realm, userId, to, code]), keyId)
}
