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
  backupCodes: z.int().min(4).max(30).default(10).describe('How many backup codes a set has.'),
  backupCodesLow: z.int().min(0).max(30).default(3).describe('A stock of this many or fewer warns.'),
})

export type RealmSettings = z.infer<typeof realmSettings>
