import type { BlockedReason } from '../../core/policy/policy.ts'
/** What the step's pages show. The server makes a view, a theme turns it into HTML; nothing else passes between them. */

/** What is wrong with a field; a theme has a sentence for each. A code that is wrong, late or used is one word (R11). */
export type FieldError =
  | 'code-missing'
  | 'code-wrong'
  | 'saved-missing'
  | 'method-missing'
  | 'phone-missing'
  /** Not a number that this country has. */
  | 'phone-malformed'
  | 'phone-too-short'
  | 'phone-too-long'
  /** A fixed line, for one. */
  | 'phone-not-mobile'
  /** The realm does not send to that country. */
  | 'phone-country'

/** Why no code was sent; shown as an alert above the form. `seconds` until the next one can be asked for. */
export type SendError = { reason: 'failed' } | { reason: 'limited'; seconds: number }

/** The offer not to be asked again on this device for so many days: POST `trust=on` along with the code. */
export interface Trust {
  days: number
  checked: boolean
}

/** The id of a method, as in the registry. */
export type MethodName = 'totp' | 'passkey' | 'sms' | 'email' | 'backup-codes'

/** Something to choose from: a method, or a code of the help desk in its place. */
type Choice = MethodName | 'help-desk'

/** The frame that every page shares. */
export interface Frame {
  /** The path below which the realm's pages live, for example `/realms/demo`. */
  base: string
  realmDisplayName: string
  /** The locale shown, one of the theme's. */
  locale: string
  /** The language select; empty or one entry: not shown. */
  locales: { tag: string; label: string; href: string; current: boolean }[]
  darkMode: boolean
  /**
   * Shown with "restart login" beside it, as Keycloak does; without it where no login waits. Absent before the user is
   * known to this browser.
   */
  user?: { username: string; restartUrl?: string }
  /** True where the application takes nothing but what can't be phished. */
  strong?: true
  /** True for a step that one of our own pages asked for: nobody signs in by it. */
  own?: boolean
}

export type View =
  /**
   * A code from the authenticator app. `device` names the app when the user has several; `digits` is absent where the
   * codes of their apps differ in length. POST `code` to `action`.
   */
  | {
      page: 'challenge-totp'
      action: string
      trust?: Trust
      error?: FieldError
      device?: string
      digits?: number
      otherUrl?: string
      cancelUrl?: string
    }
  /**
   * A code of so many `digits` that was sent to `destination` (masked). POST `code` to `action`; POST nothing to
   * `resendAction` for a new one, `resendSeconds` from now. `changeUrl`: another number, while it is not proven.
   */
  | {
      page: 'sent-code'
      purpose: 'challenge' | 'enrol'
      by: 'sms' | 'email'
      action: string
      destination: string
      digits: number
      resendAction: string
      resendSeconds: number
      error?: FieldError
      sendError?: SendError
      trust?: Trust
      changeUrl?: string
      otherUrl?: string
      replacesAll?: true
      cancelUrl?: string
    }
  /**
   * The phone that codes go to. POST `country` and `phone` to `action`. `countries` are those that the realm sends to,
   * by name in the page's locale; `country` and `phone` what was typed before.
   */
  | {
      page: 'enrol-phone'
      action: string
      countries: { code: string; name: string; callingCode: string; current: boolean }[]
      phone: string
      required: boolean
      error?: FieldError
      sendError?: SendError
      otherUrl?: string
      replacesAll?: true
      cancelUrl?: string
    }
  /** One of the backup codes; `left` counts the unused. POST `code` to `action`. */
  | {
      page: 'challenge-backup-codes'
      action: string
      error?: FieldError
      left: number
      otherUrl?: string
      cancelUrl?: string
    }
  /**
   * One of the user's passkeys; `device` names it where there is one only. `options` is JSON for the browser
   * (WebAuthn), whose answer, as JSON, is POSTed as `code` to `action`.
   */
  | {
      page: 'challenge-passkey'
      action: string
      options: string
      error?: FieldError
      device?: string
      otherUrl?: string
      cancelUrl?: string
    }
  /** A new passkey: `options` and `code` as in a challenge by one, with the optional `label`, its name. */
  | {
      page: 'enrol-passkey'
      action: string
      options: string
      error?: FieldError
      required: boolean
      otherUrl?: string
      cancelUrl?: string
    }
  /** A one-time code of the help desk. POST `code` to `action`. */
  | { page: 'challenge-help-desk'; action: string; error?: FieldError; otherUrl: string }
  /**
   * A second factor will be asked for from `from` on, a date in words; `days` until then, 0 on the last one. POST nothing
   * to `setUpAction`, or to `laterAction` to sign in without.
   */
  | { page: 'countdown'; from: string; days: number; setUpAction: string; laterAction: string }
  /** "Try another way": POST `method` to `action`. `replacesAll`: see the set-up of the app. */
  | {
      page: 'select-method'
      action: string
      purpose: 'challenge' | 'enrol'
      methods: { id: Choice; current: boolean; device?: string; left?: number }[]
      replacesAll?: true
      error?: FieldError
      backUrl?: string
    }
  /**
   * Set-up of the app. `qr` is an SVG element, `secret` base32 in groups of four, `uri` the otpauth link.
   * POST `code` and the optional `label` (name of the device) to `action`. `replacesAll`: it takes the place of all that
   * the user had set up.
   */
  | {
      page: 'enrol-totp'
      action: string
      error?: FieldError
      qr: string
      secret: string
      uri: string
      label: string
      required: boolean
      otherUrl?: string
      replacesAll?: true
      cancelUrl?: string
    }
  /** The new codes, each in groups of four. POST `saved=on` to `action`; `downloadUrl` gives them as text. */
  | {
      page: 'enrol-backup-codes'
      action: string
      error?: FieldError
      codes: string[]
      downloadUrl: string
      cancelUrl?: string
    }
  /** After a backup code when few are left. POST nothing to `action` to go on. */
  | { page: 'backup-codes-low'; action: string; left: number }
  /**
   * A link for the first set-up was sent to `destination` (masked). POST nothing to `resendAction` for a new one,
   * `resendSeconds` from now. `goOnUrl` is this page's address: it asks for a code once one is set up.
   */
  | {
      page: 'link-sent'
      destination: string
      resendAction: string
      resendSeconds: number
      goOnUrl: string
      sendError?: SendError
      cancelUrl?: string
    }
  /**
   * A link from an e-mail was opened, which alone does nothing. POST `token` to `action` to use it. `here`: in the
   * browser whose login waits for it; in any other the password is asked for.
   */
  | { page: 'link'; action: string; token: string; here: boolean }
  /** The set-up by a link is done; the login that waits goes on where it was begun. */
  | { page: 'link-done'; continueUrl: string }
  /** `gone`: used, replaced, too old, or never sent. `other-user`: whoever is signed in here is not whom it was sent to. */
  | { page: 'link-refused'; reason: 'gone' | 'other-user'; continueUrl?: string }
  /** Too many wrong codes; `seconds` until the next try. `retryUrl` is this page's address. */
  | { page: 'locked'; seconds: number; retryUrl: string; cancelUrl?: string }
  /**
   * The policy asks for a second factor and there is none that this user could use; `not-by-yourself`: the user asked to
   * change methods, and only an administrator may; `not-invited`: a first set-up waits for an administrator's
   * invitation; `no-address`, `no-mail-server`: the link of a first set-up can't be sent.
   */
  | {
      page: 'blocked'
      reason: BlockedReason
      cancelUrl?: string
    }
  /** Time ran out; nothing was lost but the time. */
  | { page: 'expired'; continueUrl?: string }
  /** This step was begun in another browser or its cookie is gone. */
  | { page: 'other-browser'; continueUrl?: string }
  /** The step is over and its answer was taken. */
  | { page: 'finished'; continueUrl?: string }
  /** Anything else. `id` is the request's id for whoever helps. */
  | {
      page: 'error'
      reason: 'not-found' | 'bad-request' | 'busy' | 'internal'
      id?: string
      continueUrl?: string
    }
