import QRCode from 'qrcode'
import type { FieldError, Frame, View } from '../../src/web/render/view.ts'

/** A name nobody has, to see what a page does with it. */
export const longName =
  'maximiliane-friederike.von-und-zu-hohenlohe-waldenburg-schillingsfuerst@customer-identity.example.org'

const uri =
  'otpauth://totp/Demo%20company:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Demo%20company&algorithm=SHA1&digits=6&period=30'
const qr = await QRCode.toString(uri, { type: 'svg', margin: 2 })

const action = '/realms/demo/step/1'
const elsewhere = { otherUrl: '/realms/demo/step/1/select', cancelUrl: '/realms/demo/step/1/cancel' }

const enrolTotp = {
  page: 'enrol-totp',
  action,
  qr,
  secret: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  uri,
  label: '',
  required: true,
} satisfies View
const codes = ['K7QM', '3FZD', 'XW9A', 'R2HN', 'B8VT', 'C4LE', 'PQ6Y', 'T3JS'].map(
  (start) => `${start}-H4TX-9PLC-W2GV`,
)
const enrolBackupCodes = {
  page: 'enrol-backup-codes',
  action,
  codes,
  downloadUrl: `${action}/codes.txt`,
} as const
const passkeyOptions = JSON.stringify({ challenge: 'AAAA', rpId: 'localhost', allowCredentials: [] })
const challengePasskey = { page: 'challenge-passkey', action, options: passkeyOptions } satisfies View
const enrolPasskey = {
  page: 'enrol-passkey',
  action,
  options: passkeyOptions,
  required: true,
} satisfies View
const sentCode = {
  page: 'sent-code',
  purpose: 'challenge',
  by: 'sms',
  action,
  destination: '+49 ••• ••••• 23',
  digits: 6,
  resendAction: `${action}/resend`,
  resendSeconds: 30,
} satisfies View
const enrolPhone = {
  page: 'enrol-phone',
  action,
  countries: [
    { code: 'AT', name: 'Austria', callingCode: '43', current: false },
    { code: 'DE', name: 'Germany', callingCode: '49', current: true },
    { code: 'GS', name: 'South Georgia & South Sandwich Islands', callingCode: '500', current: false },
    { code: 'CH', name: 'Switzerland', callingCode: '41', current: false },
  ],
  phone: '',
  required: true,
} satisfies View
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')
const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
const everyCountry = letters
  .flatMap((first) => letters.map((second) => `${first}${second}`))
  .flatMap((code) => ({ code, name: names.of(code) ?? '', callingCode: '999', current: false }))
  .filter(({ name }) => name !== '')
const phoneErrors = {
  'phone-missing': '',
  'phone-malformed': '"><i>?</i>',
  'phone-too-short': '0151 23',
  'phone-too-long': '0151 2345 6789 0123 4567',
  'phone-not-mobile': '030 123456',
  'phone-country': '+1 555 0100',
} satisfies Partial<Record<FieldError, string>>
const selectMethod = {
  page: 'select-method',
  action,
  purpose: 'challenge',
  methods: [
    { id: 'totp', current: true, device: 'Pixel 9' },
    { id: 'passkey', current: false },
    { id: 'sms', current: false, device: '+49 ••• ••••• 23' },
    { id: 'backup-codes', current: false, left: 7 },
  ],
  backUrl: action,
} satisfies View

const linkSent = {
  page: 'link-sent',
  destination: 'b•••@example.com',
  resendAction: `${action}/send`,
  resendSeconds: 30,
  goOnUrl: action,
} satisfies View

/** Every kind of view, with and without what it may leave out, by a name for pictures and tests. */
export const views: Readonly<Record<string, View>> = {
  'challenge-totp': { page: 'challenge-totp', action, digits: 6, otherUrl: elsewhere.otherUrl },
  'challenge-totp device': { page: 'challenge-totp', action, digits: 6, device: 'Pixel 9', ...elsewhere },
  'challenge-totp eight': { page: 'challenge-totp', action, digits: 8, ...elsewhere },
  'challenge-totp mixed': { page: 'challenge-totp', action, ...elsewhere },
  'challenge-totp wrong': { page: 'challenge-totp', action, digits: 6, error: 'code-wrong', ...elsewhere },
  'challenge-totp missing': { page: 'challenge-totp', action, digits: 6, error: 'code-missing' },
  'challenge-passkey': { ...challengePasskey, ...elsewhere },
  'challenge-passkey device': { ...challengePasskey, device: 'Laptop' },
  'challenge-passkey wrong': { ...challengePasskey, error: 'code-wrong', ...elsewhere },
  'enrol-passkey': enrolPasskey,
  'enrol-passkey optional': { ...enrolPasskey, required: false, ...elsewhere },
  'enrol-passkey wrong': { ...enrolPasskey, error: 'code-wrong', ...elsewhere },
  'challenge-totp trust': {
    page: 'challenge-totp',
    action,
    digits: 6,
    trust: { days: 30, checked: false },
    ...elsewhere,
  },
  'challenge-totp trust wrong': {
    page: 'challenge-totp',
    action,
    digits: 6,
    error: 'code-wrong',
    trust: { days: 1, checked: true },
  },
  'sent-code trust': { ...sentCode, trust: { days: 14, checked: false }, ...elsewhere },
  'sent-code': { ...sentCode, ...elsewhere },
  'sent-code email': { ...sentCode, by: 'email', destination: 'b•••@example.com', ...elsewhere },
  'sent-code email enrol': { ...sentCode, by: 'email', purpose: 'enrol', destination: 'b•••@example.com' },
  'sent-code at once': { ...sentCode, resendSeconds: 0 },
  'sent-code enrol': {
    ...sentCode,
    purpose: 'enrol',
    changeUrl: `${action}/phone`,
    cancelUrl: elsewhere.cancelUrl,
  },
  'sent-code wrong': { ...sentCode, error: 'code-wrong', ...elsewhere },
  'sent-code missing': { ...sentCode, purpose: 'enrol', error: 'code-missing' },
  'sent-code failed': { ...sentCode, resendSeconds: 0, sendError: { reason: 'failed' }, ...elsewhere },
  'sent-code failed for good': { ...sentCode, resendSeconds: 0, sendError: { reason: 'failed' } },
  'sent-code limited': {
    ...sentCode,
    resendSeconds: 3000,
    sendError: { reason: 'limited', seconds: 3000 },
    ...elsewhere,
  },
  'sent-code wrong and failed': { ...sentCode, error: 'code-wrong', sendError: { reason: 'failed' } },
  'challenge-backup-codes': { page: 'challenge-backup-codes', action, left: 7, ...elsewhere },
  'challenge-backup-codes last': { page: 'challenge-backup-codes', action, left: 1 },
  'challenge-backup-codes wrong': { page: 'challenge-backup-codes', action, left: 7, error: 'code-wrong' },
  'challenge-help-desk': { page: 'challenge-help-desk', action, otherUrl: elsewhere.otherUrl },
  'challenge-help-desk wrong': {
    page: 'challenge-help-desk',
    action,
    otherUrl: elsewhere.otherUrl,
    error: 'code-wrong',
  },
  'select-method': selectMethod,
  'select-method help desk': {
    ...selectMethod,
    methods: [...selectMethod.methods, { id: 'help-desk', current: false }],
  },
  'select-method error': { ...selectMethod, error: 'method-missing' },
  'select-method enrol': {
    page: 'select-method',
    action,
    purpose: 'enrol',
    methods: [
      { id: 'totp', current: false },
      { id: 'sms', current: false },
      { id: 'backup-codes', current: false },
    ],
  },
  'enrol-totp': enrolTotp,
  'enrol-totp optional': { ...enrolTotp, required: false, label: 'Pixel 9', ...elsewhere },
  'enrol-totp replaces all': { ...enrolTotp, replacesAll: true },
  'enrol-phone replaces all': { ...enrolPhone, replacesAll: true },
  'sent-code replaces all': { ...sentCode, purpose: 'enrol', replacesAll: true },
  'enrol-totp wrong': { ...enrolTotp, error: 'code-wrong' },
  'enrol-phone': enrolPhone,
  'enrol-phone optional': { ...enrolPhone, required: false, phone: '0151 23456789', ...elsewhere },
  'enrol-phone everywhere': { ...enrolPhone, countries: everyCountry },
  ...Object.fromEntries(
    Object.entries(phoneErrors).map(([error, phone]) => [
      `enrol-phone ${error}`,
      { ...enrolPhone, phone, error: error as FieldError },
    ]),
  ),
  'enrol-phone failed': { ...enrolPhone, sendError: { reason: 'failed' }, ...elsewhere },
  'enrol-phone failed for good': { ...enrolPhone, sendError: { reason: 'failed' } },
  'enrol-phone limited': { ...enrolPhone, required: false, sendError: { reason: 'limited', seconds: 240 } },
  'enrol-backup-codes': enrolBackupCodes,
  'enrol-backup-codes error': { ...enrolBackupCodes, error: 'saved-missing', cancelUrl: elsewhere.cancelUrl },
  'backup-codes-low': { page: 'backup-codes-low', action, left: 2 },
  'backup-codes-low none': { page: 'backup-codes-low', action, left: 0 },
  'link-sent': linkSent,
  'link-sent at once': { ...linkSent, resendSeconds: 0, cancelUrl: elsewhere.cancelUrl },
  'link-sent failed': { ...linkSent, sendError: { reason: 'failed' } },
  'link-sent limited': { ...linkSent, resendSeconds: 3000, sendError: { reason: 'limited', seconds: 3000 } },
  link: { page: 'link', action, token: 'MTIz.NDU2', here: false },
  'link here': { page: 'link', action, token: 'MTIz.NDU2', here: true },
  'link-done': { page: 'link-done', continueUrl: '/realms/demo/account' },
  'link-refused gone': { page: 'link-refused', reason: 'gone', continueUrl: '/continue' },
  'link-refused other-user': { page: 'link-refused', reason: 'other-user' },
  countdown: {
    page: 'countdown',
    from: '3 December 2026',
    days: 9,
    setUpAction: `${action}/set-up`,
    laterAction: `${action}/not-now`,
  },
  'countdown last day': {
    page: 'countdown',
    from: '3 December 2026 at 12:00',
    days: 0,
    setUpAction: `${action}/set-up`,
    laterAction: `${action}/not-now`,
  },
  locked: { page: 'locked', seconds: 120, retryUrl: action, cancelUrl: elsewhere.cancelUrl },
  'blocked no-method-allowed': {
    page: 'blocked',
    reason: 'no-method-allowed',
    cancelUrl: elsewhere.cancelUrl,
  },
  'blocked must-be-reset': { page: 'blocked', reason: 'must-be-reset' },
  'blocked unreadable': { page: 'blocked', reason: 'unreadable' },
  'blocked not-by-yourself': { page: 'blocked', reason: 'not-by-yourself', cancelUrl: elsewhere.cancelUrl },
  'blocked not-invited': { page: 'blocked', reason: 'not-invited', cancelUrl: elsewhere.cancelUrl },
  'blocked no-address': { page: 'blocked', reason: 'no-address', cancelUrl: elsewhere.cancelUrl },
  'blocked no-mail-server': { page: 'blocked', reason: 'no-mail-server', cancelUrl: elsewhere.cancelUrl },
  expired: { page: 'expired', continueUrl: '/continue' },
  'expired for good': { page: 'expired' },
  'other-browser': { page: 'other-browser', continueUrl: '/continue' },
  finished: { page: 'finished', continueUrl: '/continue' },
  'error not-found': { page: 'error', reason: 'not-found' },
  'error bad-request': { page: 'error', reason: 'bad-request', id: '01JD8Z7Q' },
  'error busy': { page: 'error', reason: 'busy', continueUrl: '/continue' },
  'error internal': { page: 'error', reason: 'internal', id: '01JD8Z7Q' },
}

/** A frame as the server would make it. */
export function frame(changes: Partial<Frame> = {}): Frame {
  const locale = changes.locale ?? 'en'
  return {
    base: '/realms/demo',
    realmDisplayName: 'Demo company',
    locale,
    locales: [
      { tag: 'en', label: 'English', href: '?ui_locales=en', current: locale === 'en' },
      { tag: 'de', label: 'Deutsch', href: '?ui_locales=de', current: locale === 'de' },
    ],
    darkMode: true,
    user: { username: 'alice', restartUrl: '/realms/demo/step/1/restart' },
    ...changes,
  }
}
