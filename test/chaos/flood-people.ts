import { randomUUID } from 'node:crypto'
import type { Database } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import type { Sealer } from '../../src/core/ports.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import { appOf, saveCredentials } from './race-people.ts'

/** Somebody with an app and backup codes. */
export interface Owner {
  user: string
  secret: string
  backupCode: string
}

/** Seconds of the first lockout and of the longest. */
export const LOCKOUT = { first: 1, longest: 4 }

/** Tries before a lockout. */
export const TRIES = 5

/** Text messages that the realms TEXTS let out, in an hour or a day. */
export const LIMITS = { number: 5, prefix: 8, address: 12, day: 40 }

/** Realms with tight limits on text messages: the second is for when the hour, and so every window, ended within the first. */
export const TEXTS = ['texts', 'texts-again']

/** Sets the realms up, and the users that have a method. @returns the owners of accounts, by what they are here for */
export async function seedFlood(
  database: Database,
  sealer: Sealer,
  { guessed, bystanders }: { guessed: number; bystanders: number },
): Promise<{ guessed: Owner[]; bystanders: Owner[]; victim: Owner }> {
  const policy = createPolicyStore(database)
  const settings: Partial<RealmSettings> = {
    enforcement: 'required',
    maxFailures: TRIES,
    lockoutSeconds: LOCKOUT.first,
    lockoutMaxSeconds: LOCKOUT.longest,
  }
  await policy.saveSettings('demo', settings)
  for (const realm of TEXTS) {
    await policy.saveSettings(realm, {
      ...settings,
      methods: ['sms'],
      smsCountries: ['NL'],
      smsPerNumber: LIMITS.number,
      smsPerPrefix: LIMITS.prefix,
      smsPerAddress: LIMITS.address,
      smsPerDay: LIMITS.day,
    })
  }
  const make = (count: number) =>
    Array.from({ length: count }, () => {
      const user = randomUUID()
      return { user, ...appOf(user, sealer) }
    })
  const people = { guessed: make(guessed), bystanders: make(bystanders), victim: make(1)[0]! }
  const all = [...people.guessed, ...people.bystanders, people.victim]
  await saveCredentials(
    database,
    sealer,
    'demo',
    all.flatMap(({ credentials }) => credentials),
  )
  return people
}
