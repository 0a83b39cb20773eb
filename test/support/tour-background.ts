import { randomBytes } from 'node:crypto'
import { createAdminStore } from '../../src/adapters/store/admin-store.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { readBacklog } from '../../src/adapters/store/backlog.ts'
import { commitWrites } from '../../src/adapters/store/commit.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { countEnrolled } from '../../src/adapters/store/figure-store.ts'
import { createKeyHolder } from '../../src/adapters/store/key-holders.ts'
import { createOutboxStore } from '../../src/adapters/store/outbox-store.ts'
import { pruneAudit } from '../../src/adapters/store/prune-audit.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import { createReminderStore } from '../../src/adapters/store/reminder-store.ts'
import { createSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { createSyncStore } from '../../src/adapters/store/sync-store.ts'
import { auditOf } from '../../src/adapters/store/writes.ts'
import type { Sealer } from '../../src/core/ports.ts'
import { NOTHING_KEPT } from '../../src/core/sync/sync-store.ts'
import { createReminders } from '../../src/worker/reminders.ts'
import { crowdId } from './crowd.ts'
import { kitAt } from './kit.ts'
import type { During } from './tour.ts'

const DAY = 86_400_000
const COMPANIONS = new Set(['backup-codes'])

/** Does once what servers do again and again without being asked, on a crowd. */
export async function tourBackground(
  database: Database,
  sealer: Sealer,
  now: number,
  during: During,
): Promise<void> {
  const entry = { event: 'code.sent' as const, realm: 'demo', userId: crowdId(1), at: now, detail: {} }
  await commitWrites(database, auditOf([entry]))
  await during('the audit is sealed', async () => await sealBatch(database, sealer, 'demo'))
  // Later than most of the crowd's rows end.
  await during('what is over is deleted', async () => await prune(database, now + 2 * DAY))
  await during('the audit is pruned', async () => {
    await pruneAudit(database, sealer, ['demo'], now).catch((error: unknown) => {
      // Behind the entries whose seals hold come those that were never sealed.
      if (!String(error).includes('tampered')) throw error
    })
  })
  await during('notices are sent', async () => {
    const outbox = createOutboxStore(database, sealer)
    await outbox.take(now + 61_000, 20)
    await outbox.later('mail-10', now)
    await outbox.done('mail-10')
  })
  await during('users are reminded', async () => {
    const admin = createAdminStore(database, { companions: COMPANIONS, clock: () => now, sealer })
    const policy = async () => {
      const { settings, ...rest } = await admin.policy('demo')
      const mail = { host: 'mail.example.com', port: 25, security: 'none' as const, from: 'sso@example.com' }
      return { ...rest, settings: { ...settings, mail, grace: { until: '2027-01-20' } } }
    }
    const store = createReminderStore(database, sealer)
    await createReminders({ admin: { ...admin, policy }, store, realms: ['demo'], kit: () => kitAt(now) })()
  })
  await during('who is enrolled is counted', async () => {
    await countEnrolled(database, 'demo', COMPANIONS, now)
  })
  await during('health and metrics are told', async () => await readBacklog(database, 'demo'))
  await during('keys are told and read', async () => {
    const holder = createKeyHolder(database, sealer, () => now)
    await holder.tell()
    await createSigningKeys(database, sealer, () => now).refresh(now)
    await holder.leave()
  })
  await tourWorker(database, now, during)
}

/** What the worker reads and writes, of each kind some. */
async function tourWorker(database: Database, now: number, during: During): Promise<void> {
  const store = createSyncStore(database)
  const lease = { realm: 'demo', holder: randomBytes(8).toString('hex') }
  const ids = [1, 2, 3].map(crowdId)
  await during('the worker reads', async () => {
    await store.take(lease, now)
    await store.renew(lease, now)
    await store.kept('demo')
    await store.hints('demo', 100)
    await store.users('demo', ids)
    await store.named('demo', ['user-7'])
    await store.groups('demo')
    await store.membershipGroups('demo')
    await store.membershipGroups('demo', crowdId(1))
    await store.membersAmong('demo', 'g-1', ids)
    await store.counts('demo', 2)
    await store.missing('demo', 2, '', 50)
    await store.witnesses('demo', undefined, 5)
  })
  await during('the worker writes', async () => {
    const plain = { firstName: undefined, lastName: undefined, email: undefined, federation: undefined }
    const done = await store.commit(lease, {
      realm: 'demo',
      at: now,
      kept: { ...NOTHING_KEPT, pass: 2 },
      users: {
        save: [{ id: crowdId(5), username: 'user-5', enabled: true, ...plain }],
        seen: ids,
        gone: [crowdId(6)],
        returned: [crowdId(500)],
        lookups: [{ userId: crowdId(7), lookup: 'k1.other' }],
      },
      groups: { seen: ['g-2'], gone: ['g-3'], paths: [{ groupId: 'g-4', path: '/other' }] },
      memberships: {
        add: [{ groupId: 'g-2', userId: crowdId(8) }],
        remove: { userId: crowdId(9), groupIds: ['g-10'] },
        drop: ['g-11'],
        sweep: ['g-12'],
      },
      standings: [{ enforcement: 'required', userIds: [crowdId(10)] }],
      more: [{ kind: 'user', id: crowdId(11) }],
    })
    if (done !== 'written') throw new Error('the worker lost its lease')
  })
  await store.giveBack(lease)
}
