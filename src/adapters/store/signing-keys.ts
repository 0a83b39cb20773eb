import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'
import type { Selectable } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

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

export function createSigningKeys(
  { db }: Pick<Database, 'db'>,
  sealer: Sealer,
  clock: () => number,
): SigningKeys {
  let keys: Key[] = []
  /** The highest number so far, of those that are over as well. */
  let last = 0

  async function load(now: number): Promise<void> {
    const rows = await db.selectFrom('signing_key').selectAll().orderBy('n').execute()
    last = rows.at(-1)?.n ?? 0
    // One that is over may be sealed under a key that is gone: nobody needs it.
    keys = await Promise.all(rows.filter((row) => row.expires_at > now).map(async (row) => await opened(row)))
  }

  async function opened(row: Selectable<Schema['signing_key']>): Promise<Key> {
    const privateJwk = privateOf(row)
    // What is published comes from what is sealed: who can write to the database alone adds no key to it.
    const { d: _, ...publicJwk } = privateJwk
    return {
      n: row.n,
      kid: row.kid,
      jwk: { ...publicJwk, kid: row.kid, alg: ALGORITHM, use: 'sig' },
      activeAt: row.active_at,
      expiresAt: row.expires_at,
      privateKey: (await importJWK(privateJwk, ALGORITHM)) as CryptoKey,
    }
  }

  /** Without it no server may go on: one with the wrong keys would publish others than those beside it sign with. */
  function privateOf({ n, sealed }: Selectable<Schema['signing_key']>): JWK {
    try {
      return JSON.parse(sealer.open(sealed, signingKeyContext(n))) as JWK
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(
        `the signing key ${n} can't be opened: ${why}. Put the key that it was sealed under back into LATCHKEY_ENCRYPTION_KEYS; where it is lost, "latchkey keys rotate --signing" makes another signing key`,
        { cause: error },
      )
    }
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
      const [used, newest] = [inUse(clock()), keys.at(-1)]
      return used && newest && { since: used.activeAt, until: endOfUse(newest) }
    },

    async refresh(now) {
      await load(now)
      if (inUse(now) === undefined) {
        // In the past, for a server whose clock is behind this one's.
        await makeKey(db, sealer, last + 1, now - HOUR)
        await load(now)
      }
      const newest = keys.at(-1)
      if (newest === undefined || newest.activeAt > now) return
      const wellAhead = Math.max(newest.activeAt + IN_USE, now + DAY)
      await makeKey(db, sealer, last + 1, Math.min(wellAhead, endOfUse(newest)))
      await load(now)
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

/**
 * Puts another signing key in the place of all: for one that others may know, or that no encryption key opens. It is
 * published first, and signs once every server has read it; then the others are withdrawn.
 * @param lead milliseconds until then; 0 where no server runs
 * @param pause waits so many milliseconds
 * @returns its kid
 */
export async function replaceSigningKeys(
  { db }: Pick<Database, 'db'>,
  sealer: Sealer,
  {
    clock,
    lead,
    pause,
  }: { clock: () => number; lead: number; pause: (milliseconds: number) => Promise<void> },
): Promise<string> {
  const newest = await db.selectFrom('signing_key').select('n').orderBy('n', 'desc').executeTakeFirst()
  const n = (newest?.n ?? 0) + 1
  const kid = await makeKey(db, sealer, n, clock() + lead)
  if (kid === undefined)
    throw new Error('another signing key was made at the same time: run the command again')
  await pause(lead)
  await db.deleteFrom('signing_key').where('n', '<', n).execute()
  return kid
}

/** Every server may try: the number is the primary key, so that one of them succeeds; undefined for the others. */
async function makeKey(
  db: Database['db'],
  sealer: Sealer,
  n: number,
  activeAt: number,
): Promise<string | undefined> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('signing_key')
    .values({
      n,
      kid,
      public_jwk: JSON.stringify({ ...jwk, kid, alg: ALGORITHM, use: 'sig' }),
      sealed: sealer.seal(JSON.stringify(await exportJWK(pair.privateKey)), signingKeyContext(n)),
      active_at: activeAt,
      expires_at: activeAt + IN_USE + AFTERGLOW,
    })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n ? kid : undefined
}

/** What the private part is bound to. */
export function signingKeyContext(n: number): string {
  return `signing key ${n}`
}
