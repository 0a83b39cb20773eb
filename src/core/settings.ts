import { z } from 'zod'
import { isTimeZone } from './policy/time-zone.ts'
import { smsTexts } from './login/sms-text.ts'

const enforcement = z.enum(['required', 'optional', 'disabled'])

/** Required: everybody must. Optional: who has a method is asked. Disabled: nobody is asked. */
export type Enforcement = z.infer<typeof enforcement>

/**
 * Time before Required acts: days from when a user first meets it, or until a moment with its zone, or the day that it
 * acts from, which begins at 00:00 in the realm's time zone.
 */
export const grace = z.union(
  [
    z.strictObject({ days: z.int().min(1).max(365) }),
    z.strictObject({ until: z.union([z.iso.datetime({ offset: true }), z.iso.date()]) }),
  ],
  'must be { "days": 1 to 365 } or { "until": a date, or a date and time with its zone }',
)

/** How long a device may be trusted, days; 0: not at all. */
export const trustedDays = z.int().min(0).max(365)

const line = z.string().regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must be one line')

/** An e-mail address, told by its pattern: `format: email` allows more than a mail server is given here. */
export const emailAddress = z.string().regex(z.regexes.email, 'must be an e-mail address').max(254)

/** How a realm's mail goes out. */
export const mailServer = z.strictObject({
  host: z
    .string()
    .max(253)
    .regex(/^[\w.:-]+$/, 'must be the name or the address of a host'),
  port: z.int().min(1).max(65_535),
  security: z.enum(['starttls', 'tls', 'none']),
  from: emailAddress,
  fromName: line.max(64).optional(),
  username: line.min(1).max(255).optional(),
})

/** Where a realm's own webhook takes text messages: part of what auditors see, so that no secret may stand in it. */
const webhookUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .max(500)
  .refine((text) => !/[?#@]/.test(text), 'must have no query, no fragment, and no user name in it')

/** A realm's own account at Twilio, without its auth token. */
const twilioAccount = z.strictObject({
  accountSid: z.string().regex(/^AC[0-9a-f]{32}$/, 'must be AC and 32 of 0-9 a-f'),
  from: z
    .string()
    .regex(
      /^(\+[1-9]\d{6,14}|MG[0-9a-f]{32})$/,
      'must be a number such as +15005550006, or a messaging service, MG and 32 of 0-9 a-f',
    ),
})

/**
 * What a realm's administrators set. Kept as JSON in the realm's row; what is absent has its default. Each has its
 * bounds, its default, its sentence and, where it has one, its `unit`: docs/realm-settings.md is made from them.
 */
export const realmSettings = z.object({
  enforcement: enforcement.default('optional').describe('What counts where neither override nor rule does.'),
  overridesCount: z.boolean().default(true).describe("Whether a user's own override counts."),
  grace: grace
    .optional()
    .describe('How long a user without a method may put the set-up off where the realm is Required.'),
  trustedDays: trustedDays
    .default(0)
    .describe('How long a device that users choose to trust is not asked again; 0: none is trusted.')
    .meta({ unit: 'days' }),
  reminderDays: z
    .array(z.int().min(1).max(90))
    .max(10)
    .default([14, 7, 1])
    .describe(
      'How many days before such a grace ends users without a method are reminded by mail; none where it is empty.',
    ),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be a time zone by its IANA name, such as Europe/Berlin')
    .default('UTC')
    .describe('The time zone by which a date begins and a day ends, by its IANA name.'),
  methods: z
    .array(z.string())
    .default(['totp', 'backup-codes'])
    .describe('The methods that may be set up and used.'),
  selfMethods: z
    .union([z.literal('all'), z.array(z.string()).max(20)], 'must be "all" or a list of methods')
    .default('all')
    .describe('Those of them that users may set up by themselves.'),
  selfRemoval: z
    .boolean()
    .default(true)
    .describe('Whether users may remove what they have set up; otherwise only an administrator may.'),
  firstSetUp: z
    .enum(['password', 'email-link', 'invitation'])
    .default('password')
    .describe(
      "What a user's first set-up needs: the password, also the link in an e-mail to their address, or an administrator's invitation by e-mail.",
    ),
  issuerName: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^:]*$/, 'must not contain a colon')
    .optional()
    .describe("What authenticator apps show; the realm's display name where absent."),
  stepSeconds: z
    .int()
    .min(120)
    .max(1_800)
    .default(1_800)
    .describe('The time for a whole verification; never longer than Keycloak keeps the login.')
    .meta({ unit: 's' }),
  maxFailures: z.int().min(1).max(20).default(5).describe('Wrong tries before a lockout.'),
  lockoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('The first lockout; each further one doubles.')
    .meta({ unit: 's' }),
  lockoutMaxSeconds: z
    .int()
    .min(1)
    .max(604_800)
    .default(3_600)
    .describe('The longest lockout; no shorter than the first.')
    .meta({ unit: 's' }),
  codeLength: z
    .int()
    .min(6)
    .max(8)
    .default(6)
    .describe('The digits of a sent code.')
    .meta({ unit: 'digits' }),
  codeSeconds: z
    .int()
    .min(60)
    .max(600)
    .default(300)
    .describe('How long a sent code is good.')
    .meta({ unit: 's' }),
  resendSeconds: z
    .int()
    .min(10)
    .max(600)
    .default(30)
    .describe('The pause before another code can be asked for.')
    .meta({ unit: 's' }),
  smsProvider: z
    .enum(['operator', 'twilio', 'webhook'])
    .default('operator')
    .describe(
      "Who sends the realm's text messages: as the operator set it for the whole server (LATCHKEY_DELIVERY), or an account of the realm's own; its secret is set apart.",
    ),
  smsTwilio: twilioAccount
    .optional()
    .describe("The realm's own account at Twilio, and the number or messaging service to send from."),
  smsWebhook: webhookUrl
    .optional()
    .describe(
      "Where the realm's own webhook takes text messages; https, but for hosts that the operator opened (LATCHKEY_PRIVATE_HOSTS).",
    ),
  passkeyVerification: z
    .enum(['required', 'preferred', 'discouraged'])
    .default('preferred')
    .describe(
      'Whether a passkey must check who uses it, by a finger, a face or a PIN. The password came before it, so `preferred` is enough; `required` shuts out security keys without a PIN.',
    ),
  smsTexts: smsTexts
    .default({})
    .describe(
      "The text message by language (`de`, `pt-BR`), at most 300 characters with {code} once, {realm} and {minutes}; the theme's where none fits.",
    ),
  smsCountries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'must be ISO 3166 codes'))
    .default([])
    .describe('The countries that text messages go to; none unless listed.'),
  smsPerNumber: z.int().min(1).max(1_000).default(5).describe('Text messages to one number in an hour.'),
  smsPerPrefix: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Text messages in an hour to numbers that differ in their last three digits only.'),
  smsPerAddress: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Text messages in an hour asked for from one address.'),
  smsPerUser: z.int().min(1).max(1_000).default(10).describe('Text messages to one user in an hour.'),
  smsPerHour: z.int().min(1).max(1_000_000).default(1_000).describe('Text messages of the realm in an hour.'),
  smsPerDay: z.int().min(1).max(10_000_000).default(5_000).describe('Text messages of the realm in a day.'),
  smsAlarm: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(50)
    .describe(
      'Alarm when at least this many messages in an hour had fewer than half of their codes verified.',
    ),
  mail: mailServer
    .optional()
    .describe('The server that mail goes out by; its password is set apart. No mail goes out without it.'),
  backupCodes: z.int().min(4).max(30).default(10).describe('How many backup codes a set has.'),
  backupCodesLow: z
    .int()
    .min(0)
    .max(30)
    .default(3)
    .describe('A stock of this many or fewer warns; fewer than a set has.'),
  bypassSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(3_600)
    .describe(
      'How long a one-time code from the help desk is good; 0: none are given, and no login asks for one.',
    )
    .meta({ unit: 's' }),
  apiClients: z
    .array(z.string().min(1).max(255))
    .max(20)
    .default(['latchkey-api'])
    .describe('The clients in Keycloak whose tokens the REST API takes.'),
  auditDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(365)
    .describe('How long audit entries are kept.')
    .meta({ unit: 'days' }),
})

export type RealmSettings = z.infer<typeof realmSettings>

/** What is wrong with settings that are each within their bounds, by the setting to change; empty where nothing is. */
export function settingsFaults(settings: RealmSettings): { path: [keyof RealmSettings]; message: string }[] {
  const { lockoutSeconds, lockoutMaxSeconds, backupCodes, backupCodesLow, methods, firstSetUp, mail } =
    settings
  const faults: ReturnType<typeof settingsFaults> = []
  if (lockoutMaxSeconds < lockoutSeconds) {
    faults.push({
      path: ['lockoutMaxSeconds'],
      message: `must be at least lockoutSeconds, which is ${lockoutSeconds}`,
    })
  }
  if (backupCodesLow >= backupCodes) {
    faults.push({
      path: ['backupCodesLow'],
      message: `must be less than backupCodes, which is ${backupCodes}`,
    })
  }
  if (methods.includes('email') && mail === undefined) {
    faults.push({
      path: ['methods'],
      message: 'must have no e-mail codes while no mail server is set (mail)',
    })
  }
  if (firstSetUp === 'email-link' && mail === undefined) {
    faults.push({
      path: ['firstSetUp'],
      message: 'must not be email-link while no mail server is set (mail)',
    })
  }
  for (const [provider, name] of [
    ['twilio', 'smsTwilio'],
    ['webhook', 'smsWebhook'],
  ] as const) {
    if (settings.smsProvider === provider && settings[name] === undefined) {
      faults.push({ path: [name], message: `must be set for smsProvider ${provider}` })
    }
  }
  return faults
}

/**
 * As `realmSettings`, for whatever writes them: refused also where two of them contradict each other. Reading takes
 * `realmSettings`, so that a login never fails on what was once written.
 */
export const checkedSettings = realmSettings.superRefine((settings, context) => {
  for (const fault of settingsFaults(settings)) context.addIssue({ code: 'custom', ...fault })
})
