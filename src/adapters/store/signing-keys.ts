import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'
import type { Sealer } from '../../core/ports.ts'
import type { Database } from './database.ts'

const ALGORITHM = 'ES256'
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A key signs for this long, milliseconds. */
const IN_USE = 90 * DAY
/** A key stays published after its last use: longer than any token lives and any cache keeps. */
const AFTERGLOW = DAY
/** How often another server's new key is looked for. */
export const SIGNING_KEYS_RELOAD = 60_000

/** The sidecar's own keys: one signs, the next is published long before its first use. */
export interface SigningKeys {
  /** Signs with the key in use; adds `alg` and `kid`. */
  sign(type: string, payload: JWTPayload): Promise<string>
  /** Every key that may be met in a token, RFC 7517. */
  publish(): { keys: JWK[] }
  /** Reads the keys, and makes the next one where it is due. At start, then by a timer. */
  refresh(now: number): Promise<void>
  /** Since when the key in use signs, and until when there is one; epoch milliseconds. Undefined where there is none. */
  term(): { since: number; until: number } | undefined
}

interface Key {
  n: number
  kid: string
  jwk: JWK
  activeAt: number
  expiresAt: number
  privateKey: CryptoKey
}

export function createSigningKeys({ db }: Database, sealer: Sealer, clock: () => number): SigningKeys {
  let keys: Key[] = []
  const context = (n: number) => `signing key ${n}`

  async function load(): Promise<void> {
    const rows = await db.selectFrom('signing_key').selectAll().orderBy('n').execute()
    keys = await Promise.all(
      rows.map(async (row) => ({
        n: row.n,
        kid: row.kid,
        jwk: JSON.parse(row.public_jwk) as JWK,
        activeAt: row.active_at,
        expiresAt: row.expires_at,
        privateKey: (await importJWK(
          JSON.parse(sealer.open(row.sealed, context(row.n))) as JWK,
          ALGORITHM,
        )) as CryptoKey,
      })),
    )
  }

  /** Every server may try: the number is the primary key, so that one of them succeeds. */
  async function make(n: number, activeAt: number): Promise<void> {
    const pair = await generateKeyPair(ALGORITHM, { extractable: true })
    const jwk = await exportJWK(pair.publicKey)
    const kid = await calculateJwkThumbprint(jwk)
    const values = {
      n,
      kid,
      public_jwk: JSON.stringify({ ...jwk, kid, alg: ALGORITHM, use: 'sig' }),
      sealed: sealer.seal(JSON.stringify(await exportJWK(pair.privateKey)), context(n)),
      active_at: activeAt,
      expires_at: activeAt + IN_USE + AFTERGLOW,
    }
    await db
      .insertInto('signing_key')
      .values(values)
      .onConflict((on) => on.doNothing())
      .execute()
  }

  return {
    async sign(type, payload) {
      const key = inUse(clock())
      if (key === undefined) throw new Error('no signing key is in use')
      return await new SignJWT(payload)
        .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: type })
        .sign(key.privateKey)
    },

    publish: () => ({ keys: keys.filter(({ expiresAt }) => expiresAt > clock()).map(({ jwk }) => jwk) }),

    term() {
      const [used, last] = [inUse(clock()), keys.at(-1)]
      return used && last && { since: used.activeAt, until: endOfUse(last) }
    },

    async refresh(now) {
      await load()
      if (inUse(now) === undefined) {
        // In the past, for a server whose clock is behind this one's.
        await make((keys.at(-1)?.n ?? 0) + 1, now - HOUR)
        await load()
      }
      const newest = keys.at(-1)
      if (newest === undefined || newest.activeAt > now) return
      const wellAhead = Math.max(newest.activeAt + IN_USE, now + DAY)
      await make(newest.n + 1, Math.min(wellAhead, endOfUse(newest)))
      await load()
    },
  }

  function inUse(now: number): Key | undefined {
    return keys.findLast((key) => key.activeAt <= now && now < endOfUse(key))
  }
}

/** A key that is still published must not sign up to the last moment: a token of it is checked after that. */
function endOfUse({ expiresAt }: Key): number {
  return expiresAt - AFTERGLOW / 2
}
