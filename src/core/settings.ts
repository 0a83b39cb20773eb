import { z } from 'zod'

const enforcement = z.enum(['required', 'optional', 'disabled'])

/** Required: everybody must. Optional: who has a method is asked. Disabled: nobody is asked. */
export type Enforcement = z.infer<typeof enforcement>

/** What a realm's administrators set. Kept as JSON in the realm's row; what is absent has its default. */
export const realmSettings = z.object({
  enforcement: enforcement.default('optional').describe('What counts where neither override nor rule does.'),
  overridesCount: z.boolean().default(true).describe("Whether a user's own override counts."),
  methods: z
    .array(z.string())
    .default(['totp', 'backup-codes'])
    .describe('The methods that may be set up and used.'),
  issuerName: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^:]*$/, 'must not contain a colon')
    .optional()
    .describe("What authenticator apps show; the realm's display name where absent."),
  maxFailures: z.int().min(1).max(20).default(5).describe('Wrong tries before a lockout.'),
  lockoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('The first lockout; each further one doubles.'),
  lockoutMaxSeconds: z.int().min(1).max(604_800).default(3_600).describe('The longest lockout.'),
  codeSeconds: z.int().min(60).max(600).default(300).describe('How long a sent code is good.'),
  resendSeconds: z
    .int()
    .min(10)
    .max(600)
    .default(30)
    .describe('The pause before another code can be asked for.'),
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
  backupCodes: z.int().min(4).max(30).default(10).describe('How many backup codes a set has.'),
  backupCodesLow: z.int().min(0).max(30).default(3).describe('A stock of this many or fewer warns.'),
})

export type RealmSettings = z.infer<typeof realmSettings>
