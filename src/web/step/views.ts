import { countdownView as countdown } from './countdown.ts'
import { mayPutOff } from '../../core/login/countdown.ts'
import { HELP_DESK, takesBypass } from '../../core/login/help-desk.ts'
import { triable } from '../../core/login/triable.ts'
import { enrollable } from '../../core/login/enrolment.ts'
import { lockedFor } from '../../core/login/lockout.ts'
import { maskAddress } from '../../core/notices/mail.ts'
import type { Shown } from '../../core/method.ts'
import type { Kit } from '../../core/login/step.ts'
import type { Credential, Situation, Stage } from '../../core/login/transaction.ts'
import { daysOffered } from '../../core/login/trusted-device.ts'
import { canSend } from '../../core/login/sending.ts'
import { creationOptions, requestOptions } from './passkey-views.ts'
import { resend, sendError, sentTo } from './sent-views.ts'
import type { FieldError, MethodName, SendError, View } from '../render/view.ts'
import { countriesOf } from './countries.ts'
import { startAgain } from './open.ts'
import type { Opened } from './open.ts'

const FIELD_ERRORS: readonly string[] = [
  'code-missing',
  'code-wrong',
  'saved-missing',
  'method-missing',
  'phone-missing',
  'phone-malformed',
  'phone-too-short',
  'phone-too-long',
  'phone-not-mobile',
  'phone-country',
] satisfies FieldError[]

/** What the address of a page asks for: the fault to name, the list of methods, another number, why nothing was sent. */
export interface Asked {
  error: unknown
  choose: boolean
  change: boolean
  send: unknown
  /** Epoch milliseconds. */
  until: number
  /** Why the first code could not be sent just now. */
  sendError?: SendError | undefined
  /** Whether the box to trust the device was checked. */
  trust: boolean
}

/** What the page of a step shows. */
export async function viewOf(opened: Opened, asked: Asked, locale: string, kit: Kit): Promise<View> {
  const { realm, situation, path } = opened
  const { transaction, attempts } = situation
  const { stage } = transaction
  if (transaction.redeemed) return { page: 'finished', continueUrl: startAgain(transaction, realm) }
  const wait = lockedFor(attempts, kit.now)
  const waits = ['challenge', 'enrol', 'help-desk', 'link'].includes(stage.at)
  if (wait > 0 && waits) {
    return { page: 'locked', seconds: Math.ceil(wait / 1000), retryUrl: path, ...cancel(opened, kit.now) }
  }
  const error: Faulty = {
    ...(isFieldError(asked.error) ? { error: asked.error } : {}),
    ...sendError(asked, kit.now),
  }
  switch (stage.at) {
    case 'challenge':
      return asked.choose
        ? chooseChallenge(opened, error, kit)
        : challenge(opened, stage, { ...error, ...trustOf(opened, asked) }, kit)
    case 'countdown':
      return countdown(opened, locale, kit)
    case 'help-desk':
      return asked.choose
        ? chooseChallenge(opened, error, kit)
        : {
            page: 'challenge-help-desk',
            action: `${path}/challenge/${HELP_DESK}`,
            otherUrl: `${path}?choose`,
            ...error,
          }
    case 'enrol':
      return asked.choose || stage.method === undefined
        ? chooseEnrolment(opened, stage, error, kit)
        : await enrolment(opened, stage, error, { locale, change: asked.change }, kit)
    case 'save-codes': {
      const shown = kit.registry.get(stage.method)?.showEnrolment(stage.keep, transaction.account)
      const codes = shown?.kind === 'backup-codes' ? (shown.codes ?? []) : []
      const action = `${path}/saved`
      return {
        page: 'enrol-backup-codes',
        action,
        codes,
        downloadUrl: `${path}/backup-codes.txt`,
        ...error,
        ...cancel(opened, kit.now),
      }
    }
    case 'link':
      return {
        page: 'link-sent',
        destination: maskAddress(transaction.account.email ?? ''),
        goOnUrl: path,
        ...resend(opened, kit),
        ...sendError(asked, kit.now),
        ...cancel(opened, kit.now),
      }
    case 'codes-low':
      return { page: 'backup-codes-low', action: `${path}/go-on`, left: stage.left }
    case 'blocked':
      return { page: 'blocked', reason: stage.reason, cancelUrl: `${path}/cancel` }
    case 'done':
    case 'trusted':
      return { page: 'finished', continueUrl: startAgain(transaction, realm) }
  }
}

type Faulty = { error?: FieldError; sendError?: SendError }

function trustOf({ situation }: Opened, { trust }: Asked): { trust?: { days: number; checked: boolean } } {
  const days = daysOffered(situation.transaction)
  return days === 0 ? {} : { trust: { days, checked: trust } }
}

function challenge(
  opened: Opened,
  stage: Stage & { at: 'challenge' },
  { trust, ...error }: Faulty & ReturnType<typeof trustOf>,
  kit: Kit,
): View {
  const { situation, path } = opened
  const trusting = trust === undefined ? {} : { trust }
  const action = `${path}/challenge/${stage.method}`
  const hasOthers = offered(situation, kit).length > 1 || takesBypass(situation, kit.registry)
  const others = hasOthers ? { otherUrl: `${path}?choose` } : {}
  const rest = { action, ...error, ...others, ...cancel(opened, kit.now) }
  const shown = challengeShown(situation, stage.method, kit, stage.keep)
  if (shown?.kind === 'backup-codes')
    return { page: 'challenge-backup-codes', left: shown.left ?? 0, ...rest }
  if (shown?.kind === 'sent-code') {
    const failed: Faulty = canSend(situation, kit) ? {} : { sendError: { reason: 'failed' } }
    return {
      page: 'sent-code',
      purpose: 'challenge',
      by: stage.method === 'email' ? 'email' : 'sms',
      ...sentTo(shown, situation),
      ...resend(opened, kit),
      ...failed,
      ...trusting,
      ...rest,
    }
  }
  const own = triable(situation.credentials, stage.method)
  const [only, ...more] = own
  const device = more.length === 0 && only?.label !== undefined ? { device: only.label } : {}
  if (shown?.kind === 'passkey') {
    const options = requestOptions(situation, stage.toSign ?? '', kit)
    return { page: 'challenge-passkey', options, ...device, ...rest }
  }
  return { page: 'challenge-totp', ...device, ...sameDigits(own, kit), ...trusting, ...rest }
}

/** How many digits the codes of these apps have; nothing where they differ. */
function sameDigits(apps: readonly Credential[], { registry }: Kit): { digits?: number } {
  const all = apps.map(({ method, data }) => {
    const known = registry.get(method)
    const shown = known?.showChallenge(known.read(data))
    return shown?.kind === 'totp' ? shown.digits : undefined
  })
  const [digits, ...others] = new Set(all)
  return digits === undefined || others.length > 0 ? {} : { digits }
}

function chooseChallenge(opened: Opened, error: Faulty, kit: Kit): View {
  const { situation, path } = opened
  const { stage } = situation.transaction
  const methods: Choices = offered(situation, kit).map((id) => {
    const shown = challengeShown(situation, id, kit)
    return {
      id: id as MethodName,
      current: stage.at === 'challenge' && stage.method === id,
      ...(shown?.kind === 'backup-codes' ? { left: shown.left ?? 0 } : {}),
      ...(shown?.kind === 'sent-code' ? { device: shown.to } : {}),
    }
  })
  if (takesBypass(situation, kit.registry)) {
    methods.push({ id: HELP_DESK, current: stage.at === 'help-desk' })
  }
  return {
    page: 'select-method',
    purpose: 'challenge',
    action: `${path}/method`,
    methods,
    backUrl: path,
    ...error,
  }
}

type Choices = Extract<View, { page: 'select-method' }>['methods']

function chooseEnrolment(opened: Opened, stage: Stage & { at: 'enrol' }, error: Faulty, kit: Kit): View {
  const { situation, path } = opened
  const methods = enrollable(situation, kit.registry, stage.proven).map((id) => ({
    id: id as MethodName,
    current: stage.method === id,
  }))
  const back = {
    ...(stage.method === undefined ? {} : { backUrl: path }),
    ...(stage.proven?.exempt === 'help-desk' ? { replacesAll: true as const } : {}),
  }
  return { page: 'select-method', purpose: 'enrol', action: `${path}/method`, methods, ...back, ...error }
}

async function enrolment(
  opened: Opened,
  stage: Stage & { at: 'enrol' },
  error: Faulty,
  asked: { locale: string; change: boolean },
  kit: Kit,
): Promise<View> {
  const { situation, path } = opened
  const { transaction } = situation
  const shown = kit.registry.get(stage.method ?? '')?.showEnrolment(stage.keep, transaction.account)
  const others =
    enrollable(situation, kit.registry, stage.proven).length > 1 ? { otherUrl: `${path}?choose` } : {}
  const required = transaction.question.purpose === 'login' && !mayPutOff(situation, kit.now)
  const replaces = stage.proven?.exempt === 'help-desk' ? { replacesAll: true as const } : {}
  const rest = { ...others, ...error, ...replaces, ...cancel(opened, kit.now) }
  if (shown?.kind === 'unusable') {
    return enrollable(situation, kit.registry, stage.proven).length > 1
      ? chooseEnrolment(opened, stage, error, kit)
      : { page: 'blocked', reason: 'no-method-allowed', cancelUrl: `${path}/cancel` }
  }
  if (shown?.kind === 'sent-code' && (shown.fixed || !asked.change)) {
    return {
      page: 'sent-code',
      purpose: 'enrol',
      by: stage.method === 'email' ? 'email' : 'sms',
      action: `${path}/enrol/${stage.method}`,
      ...sentTo(shown, situation),
      ...(shown.fixed ? {} : { changeUrl: `${path}?change` }),
      ...resend(opened, kit),
      ...rest,
    }
  }
  if (shown?.kind === 'sent-code' || shown?.kind === 'phone') {
    const typed = shown.kind === 'phone' ? shown : { country: undefined, phone: '' }
    return {
      page: 'enrol-phone',
      action: `${path}/phone`,
      countries: countriesOf(situation.settings.smsCountries, typed.country, asked.locale),
      phone: typed.phone,
      required,
      ...rest,
    }
  }
  if (shown?.kind === 'new-passkey') {
    const options = creationOptions(situation, stage.toSign ?? '', shown, kit)
    return { page: 'enrol-passkey', action: `${path}/enrol/passkey`, options, required, ...rest }
  }
  if (shown?.kind !== 'totp') throw new Error('this method has no set-up page')
  const { secret = '', uri = '' } = shown
  // With the first set-up: half of it draws pictures that nobody asks for.
  const { toString: qrCode } = await import('qrcode')
  return {
    page: 'enrol-totp',
    action: `${path}/enrol/totp`,
    qr: await qrCode(uri, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 }),
    secret: (secret.match(/.{1,4}/g) ?? []).join(' '),
    uri,
    label: '',
    required,
    ...rest,
  }
}

/** The methods that "Try another way" offers: those that the challenge takes and that can still be tried. */
function offered({ transaction, credentials }: Situation, kit: Kit): string[] {
  return transaction.proofs.filter((id) => {
    const shown = challengeShown({ credentials }, id, kit)
    return shown !== undefined && !(shown.kind === 'backup-codes' && shown.left === 0)
  })
}

function challengeShown(
  { credentials }: Pick<Situation, 'credentials'>,
  id: string,
  kit: Kit,
  keep?: unknown,
): Shown | undefined {
  const method = kit.registry.get(id)
  const [credential] = triable(credentials, id)
  return credential === undefined ? undefined : method?.showChallenge(method.read(credential.data), keep)
}

/** A set-up that the user asked for, or that can be put off, can be left; one that the login needs can't, but "restart login" is there. */
function cancel({ situation, path }: Opened, now: number): { cancelUrl?: string } {
  const isBound = situation.transaction.question.purpose === 'login' && !mayPutOff(situation, now)
  return isBound ? {} : { cancelUrl: `${path}/cancel` }
}

function isFieldError(value: unknown): value is FieldError {
  return typeof value === 'string' && FIELD_ERRORS.includes(value)
}
