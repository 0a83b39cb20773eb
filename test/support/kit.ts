import { createHash, randomBytes } from 'node:crypto'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import type { MethodContext } from '../../src/core/method.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import { realmSettings } from '../../src/core/settings.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import { methodContext } from '../../src/core/login/step.ts'
import type { Kit } from '../../src/core/login/step.ts'
import type { Credential, Proof, Situation, Stage, Transaction } from '../../src/core/login/transaction.ts'
import type { TrustedDevice } from '../../src/core/login/trusted-device.ts'
import { registry } from '../../src/methods/index.ts'

/** A moment in the middle of a time step, epoch milliseconds. */
export const NOW = 1_800_000_015_000

export const ACCOUNT = { realm: 'demo', userId: 'user-1', username: 'bob', issuer: 'Demo' }

const sealer = createSealer([{ id: 'k1', key: randomBytes(32) }])

/** What the pure functions are given, at a moment that the test chooses. */
export function kitAt(now = NOW, change: Partial<Kit> = {}): Kit {
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
  return {
    registry,
    unavailable: () => new Set(),
    site: { origin: 'https://tfa.example.com', rpId: 'example.com' },
    now,
    random: randomBytes,
    mac: (text, keyId) => sealer.mac(text, keyId),
    keyIds: sealer.keyIds,
    hash,
    ...change,
  }
}

export function settingsOf(change: Partial<RealmSettings> = {}): RealmSettings {
  return realmSettings.parse(change)
}

export function contextAt(now = NOW, settings: Partial<RealmSettings> = {}): MethodContext {
  return methodContext({ settings: settingsOf(settings) }, kitAt(now))
}

export function transactionOf(stage: Stage, change: Partial<Transaction> = {}): Transaction {
  return {
    id: 'step-1',
    version: 3,
    account: ACCOUNT,
    question: {
      nonce: 'nonce-nonce-nonce-1',
      state: 'state-state-state-1',
      sid: 'sid-1',
      redirectUri: 'https://sso.example.com/realms/demo/login-actions/authenticate?tab_id=t',
      purpose: 'login',
      amr: ['pwd'],
      level: 1,
      locale: 'en',
      locales: ['en', 'de'],
      darkMode: true,
      realmDisplayName: 'Demo',
      clientUri: undefined,
    },
    because: { rule: 'realm' },
    methods: ['totp', 'backup-codes'],
    proofs: ['totp', 'backup-codes'],
    stage,
    failures: { from: 0, to: 0 },
    expiresAt: NOW + 600_000,
    browserHash: 'b',
    requestUri: { hash: 'r', expiresAt: NOW + 60_000 },
    code: undefined,
    redeemed: false,
    ...change,
  }
}

export function situationOf(stage: Stage, change: Partial<Situation> = {}): Situation {
  return {
    settings: settingsOf(),
    transaction: transactionOf(stage),
    credentials: [],
    attempts: NO_ATTEMPTS,
    devices: [],
    ...change,
  }
}

/** RFC 6238's key of SHA-1, as base32. */
export const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

export function appCredential(change: Partial<Credential> = {}): Credential {
  const data = { secret: SECRET, lastStep: 0 }
  return { id: 'c-app', method: 'totp', label: undefined, version: 1, failures: 0, data, ...change }
}

/** A set of backup codes and the codes in it. */
export function backupCredential(kit: Kit, count = 10): { credential: Credential; codes: string[] } {
  const method = kit.registry.get('backup-codes')
  const context = methodContext({ settings: settingsOf({ backupCodes: count }) }, kit)
  const { keep } = method!.beginEnrolment(ACCOUNT, context)
  const { codes, credential: data } = keep as { codes: string[]; credential: unknown }
  return {
    credential: { id: 'c-codes', method: 'backup-codes', label: undefined, version: 1, failures: 0, data },
    codes,
  }
}

/** A browser that was trusted for 30 days at `now`, with a cookie that nobody holds. */
export function deviceOf(id: string, now = NOW, change: Partial<TrustedDevice> = {}): TrustedDevice {
  const expiresAt = now + 30 * 86_400_000
  const names = { browser: 'Firefox', system: 'Windows' }
  return { id, token: 'k1.none', ...names, createdAt: now, usedAt: now, expiresAt, ...change }
}

export const PROOF: Proof = { amr: ['pwd', 'otp', 'mfa'], level: 2, at: NOW }
