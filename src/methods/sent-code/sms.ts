import { z } from 'zod'
import type { Account, Method, MethodContext, Shown, Verdict } from '../../core/method.ts'
import { checkCode, newCode, sentCode } from './code.ts'
import type { SentCode } from './code.ts'
import { findPhone, maskPhone, readPhone } from '../../core/login/phone.ts'

const stored = z.object({ phone: z.string() })

const kept = z.object({
  /** What was typed, to be shown again. */
  country: z.string().optional(),
  typed: z.string().default(''),
  /** Where the codes go, once that is known; E.164. */
  phone: z.string().optional(),
  /** An administrator set it (R25). */
  fixed: z.boolean().default(false),
  sent: sentCode.optional(),
})

type Phone = z.infer<typeof stored>
type Kept = z.infer<typeof kept>

/** Codes by text message: six to eight random digits, good for minutes, once, for the login and purpose they were sent for. */
export const sms: Method<Phone, Kept> = {
  id: 'sms',
  amr: 'sms',
  level: 2,
  companion: false,
  sends: 'sms',
  numbers: {
    read: (typed, { smsCountries }) => readPhone(typed, smsCountries),
    find: (text, { smsCountries }) => findPhone(text, smsCountries[0]),
    mask: maskPhone,
  },
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
    const { send, code } = newCode('sms', phone, account, context)
    return { keep: { ...rest, phone, sent: code }, send }
  },

  textsTo: ({ phone }) => phone,

  showEnrolment(state) {
    const { country, typed, phone, fixed, sent: code } = kept.parse(state)
    if (phone !== undefined) return shownOf(phone, fixed, code)
    return fixed ? { kind: 'unusable' } : { kind: 'phone', country, phone: typed }
  },

  finishEnrolment(state, answer, account, context) {
    const { phone = '', sent: code } = kept.parse(state)
    return accept({ phone }, code, answer, account, context)
  },

  sendChallenge({ phone }, account, context) {
    // A country that was closed since is closed for numbers that are stored, too.
    if (!readPhone({ country: '', phone }, context.settings.smsCountries).ok) return undefined
    const { send, code } = newCode('sms', phone, account, context)
    return { keep: { typed: '', fixed: true, phone, sent: code }, send }
  },

  showChallenge: ({ phone }, state) => shownOf(phone, true, kept.optional().parse(state)?.sent),

  finishChallenge: (credential, state, answer, account, context) =>
    accept(credential, kept.optional().parse(state)?.sent, answer, account, context),
}

function shownOf(phone: string, fixed: boolean, code: SentCode | undefined): Shown {
  return { kind: 'sent-code', to: maskPhone(phone), fixed, digits: code?.digits }
}

function accept(
  credential: Phone,
  code: SentCode | undefined,
  answer: string,
  account: Account,
  context: MethodContext,
): Verdict<Phone> {
  const found = checkCode(credential.phone, code, answer, account, context)
  return found === 'right' ? { ok: true, credential } : { ok: false, error: found }
}
