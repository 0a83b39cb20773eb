import { randomBytes, randomUUID } from 'node:crypto'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createAdminStore } from '../../src/adapters/store/admin-store.ts'
import { createAuditStore } from '../../src/adapters/store/audit-store.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { createSyncControl } from '../../src/adapters/store/sync-control.ts'
import { createSyncStore } from '../../src/adapters/store/sync-store.ts'
import type { KeptEntry } from '../../src/core/audit/audit.ts'
import type { Hints } from '../../src/core/sync/sync.ts'
import { registry } from '../../src/methods/index.ts'
import { createRounds } from '../../src/worker/rounds.ts'
import { fakeKeycloak } from './fake-directory.ts'
import type { FakeKeycloak } from './fake-directory.ts'
import { newKey } from './stores.ts'

export const REALM = 'demo'
/** The interval between full passes, milliseconds. */
export const INTERVAL = 900_000

/** A worker on a database, with a Keycloak in memory and a clock that a test sets by hand. */
export async function openSync(url: string, keycloak: FakeKeycloak = fakeKeycloak()) {
  const database = await openDatabase(url)
  const clock = { now: 1_800_000_000_000 }
  const now = () => clock.now
  const logged: { detail: Record<string, unknown>; message: string }[] = []
  const log = (detail: object, message: string) => logged.push({ detail: { ...detail }, message })
  const figures: string[] = []
  const store = createSyncStore(database)
  const admin = createAdminStore(database, { companions: new Set(['backup-codes']), clock: now })
  const control = createSyncControl(database, now)
  const loginStore = createLoginStore(database, createSealer([newKey()]))
  const stopped = new AbortController()

  /** Another worker on the same database, on a server of its own. */
  const worker = (directory: FakeKeycloak = keycloak) =>
    createRounds(
      {
        realm: REALM,
        directory,
        store,
        admin,
        registry,
        lookupOf: (phone) => phone && `lookup of ${phone}`,
        unavailable: () => new Set(),
        random: randomBytes,
        clock: now,
        log: { info: log, warn: log, error: log },
        figures: {
          pass: (realm, result) => figures.push(`pass ${realm} ${result}`),
          completed: (realm, at) => figures.push(`completed ${realm} ${at}`),
          changed: (realm, count) => figures.push(`changed ${realm} ${count}`),
          warnings: (realm, count) => figures.push(`warnings ${realm} ${count}`),
        },
        interval: INTERVAL,
      },
      // No time passes by itself: a lease is renewed where the test says so.
      async (_milliseconds, signal) => {
        if (signal.aborted) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      },
    )
  const first = worker()
  /** Keycloak tells of a change. */
  const tell = async (hints: Partial<Hints>) => {
    const once = { jti: randomUUID(), expiresAt: clock.now + 60_000 }
    await control.hint(REALM, { users: [], groups: [], full: false, ...hints }, once)
  }

  return {
    database,
    keycloak,
    clock,
    store,
    admin,
    control,
    policy: createPolicyStore(database),
    logged,
    figures,
    worker,
    /** Lets the worker do all that is to be done now. */
    round: async (rounds = first) => await rounds.round(stopped.signal),
    /** A person's wish for a full pass, and that pass. */
    async pass(confirm?: number) {
      clock.now += 1_000
      await control.run(REALM, confirm === undefined ? undefined : { confirm })
      await first.round(stopped.signal)
      return await control.state(REALM)
    },
    tell,
    /** Keycloak tells of a change, and the worker follows. */
    async hint(hints: Partial<Hints>) {
      clock.now += 1_000
      await tell(hints)
      await first.round(stopped.signal)
    },
    state: async () => await control.state(REALM),
    audit: async () => await auditOf(database),
    rules: async () => (await admin.policy(REALM)).rules,
    /** Gives a user an app, as a login does. */
    async enrol(userId: string) {
      await loginStore.commit({
        realm: REALM,
        userId,
        enrol: [{ id: `c-${userId}`, method: 'totp', label: undefined, data: {}, at: clock.now }],
      })
    },
    /** Ids of users whose credentials are tombstones. */
    async tombstones() {
      const rows = await database.db
        .selectFrom('credential')
        .select('user_id')
        .where('gone_at', 'is not', null)
        .orderBy('user_id')
        .execute()
      return rows.map(({ user_id }) => user_id)
    },
    /** Memberships as `user group`. */
    async memberships() {
      const rows = await database.db.selectFrom('membership').selectAll().execute()
      return rows.map(({ user_id, group_id }) => `${user_id} ${group_id}`).toSorted()
    },
    close: async () => await database.close(),
  }
}

export type Sync = Awaited<ReturnType<typeof openSync>>

/** Everything that the worker wrote into the audit, oldest first. */
async function auditOf(database: Database): Promise<KeptEntry[]> {
  const pages = createAuditStore(database).everything(REALM, {})
  const entries: KeptEntry[] = []
  for await (const page of pages) entries.push(...page)
  return entries
}
