import { randomBytes, randomUUID } from 'node:crypto'
import type { Database } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { sealCredential } from '../../src/adapters/store/rows.ts'
import { hashBypass } from '../../src/core/login/help-desk.ts'
import { inFours, newWrittenCode } from '../../src/core/login/written-code.ts'
import type { Sealer } from '../../src/core/ports.ts'
import { realmSettings } from '../../src/core/settings.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import { backupCodes } from '../../src/methods/backup-codes/backup-codes.ts'
import { totp } from '../../src/methods/totp/totp.ts'
import { freshNumber } from '../support/sms.ts'

/** The realm whose first set-up needs the link of an e-mail. */
export const LINKED = 'linked'

/** Those who race with one code of each kind: each of the four is a user of its own. */
export interface Racers {
  /** Has an app, backup codes, and a code of the help desk. */
  app: { user: string; secret: string; backupCode: string; bypass: string }
  phone: { user: string; number: string }
  mail: { user: string; address: string }
  /** Has nothing yet; of the realm LINKED. */
  link: { user: string; address: string }
}

type Credential = { user: string; method: string; data: unknown }

const DAY = 86_400_000
const CHUNK = 200

/** The settings under which one code can be raced for again and again: what limits sends and tries is far away. */
export function raceSettings(mailPort: number): Partial<RealmSettings> {
  return {
    enforcement: 'required',
    methods: ['totp', 'backup-codes', 'sms', 'email'],
    trustedDays: 30,
    maxFailures: 20,
    smsCountries: ['NL'],
    smsPerAddress: 10_000,
    smsPerHour: 1_000_000,
    smsPerDay: 1_000_000,
    bypassSeconds: 86_400,
    mail: { host: '127.0.0.1', port: mailPort, security: 'none', from: 'sso@example.com' },
  }
}

/** Sets the realms up and puts so many racers into the database. */
export async function seedRacers(
  database: Database,
  sealer: Sealer,
  mailPort: number,
  count: number,
): Promise<Racers[]> {
  const policy = createPolicyStore(database)
  const settings = raceSettings(mailPort)
  await policy.saveSettings('demo', settings)
  // One mail for each user, so that the link stays the newest in however many browsers they log in.
  await policy.saveSettings(LINKED, { ...settings, firstSetUp: 'email-link', smsPerNumber: 1 })
  const credentials: Credential[] = []
  const bypasses: { user: string; code: string }[] = []
  const racers = Array.from({ length: count }, () => {
    const [user, phone, mail, link] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
    const app = appOf(user, sealer)
    const bypass = newWrittenCode(randomBytes)
    const number = freshNumber()
    credentials.push(
      ...app.credentials,
      { user: phone, method: 'sms', data: { phone: number } },
      { user: mail, method: 'email', data: { address: `${mail}@example.com` } },
    )
    bypasses.push({ user, code: bypass })
    return {
      app: { user, secret: app.secret, backupCode: app.backupCode, bypass: inFours(bypass) },
      phone: { user: phone, number },
      mail: { user: mail, address: `${mail}@example.com` },
      link: { user: link, address: `${link}@example.com` },
    }
  })
  await saveCredentials(database, sealer, 'demo', credentials)
  await saveBypasses(database, sealer, bypasses)
  return racers
}

/** An app and a set of backup codes, one of them told. */
export function appOf(user: string, sealer: Sealer) {
  const account = { realm: 'demo', userId: user, username: user, issuer: 'demo' }
  const context = {
    now: Date.now(),
    settings: realmSettings.parse({}),
    random: randomBytes,
    mac: (text: string, keyId?: string) => sealer.mac(text, keyId),
    keyIds: sealer.keyIds,
    site: { origin: 'http://127.0.0.1', rpId: '127.0.0.1' },
  }
  const { secret } = totp.beginEnrolment(account, context).keep
  const { codes, credential } = backupCodes.beginEnrolment(account, context).keep
  return {
    secret,
    backupCode: inFours(codes[0] ?? ''),
    credentials: [
      { user, method: 'totp', data: { secret, lastStep: 0 } },
      { user, method: 'backup-codes', data: credential },
    ],
  }
}

/** Writes what users would have set up. */
export async function saveCredentials(
  { db }: Database,
  sealer: Sealer,
  realm: string,
  credentials: Credential[],
): Promise<void> {
  for (let i = 0; i < credentials.length; i += CHUNK) {
    const rows = credentials.slice(i, i + CHUNK).map(({ user, method, data }) => {
      const bound = { realm, user_id: user, id: randomUUID() }
      const sealed = sealCredential(sealer, bound, data)
      return { ...bound, method, label: null, sealed, version: 1, failures: 0, created_at: Date.now() }
    })
    await db.insertInto('credential').values(rows).execute()
  }
}

async function saveBypasses(
  { db }: Database,
  sealer: Sealer,
  bypasses: { user: string; code: string }[],
): Promise<void> {
  for (let i = 0; i < bypasses.length; i += CHUNK) {
    const rows = bypasses.slice(i, i + CHUNK).map(({ user, code }) => {
      const { keyId, value } = hashBypass({ realm: 'demo', userId: user }, code, sealer)
      return {
        realm: 'demo',
        user_id: user,
        id: randomUUID(),
        key_id: keyId,
        mac: value,
        given_by: 'the help desk',
        given_at: Date.now(),
        reason: 'a race',
        expires_at: Date.now() + DAY / 2,
      }
    })
    await db.insertInto('bypass').values(rows).execute()
  }
}
