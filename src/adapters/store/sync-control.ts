import { sql } from 'kysely'
import { AppError } from '../../core/errors.ts'
import type { SyncControl } from '../../core/sync/sync.ts'
import { commitWrites } from './commit.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'
import { keptSync } from './sync-store.ts'
import { hintWrites } from './sync-writes.ts'

const TRIES = 5

/** What the worker's endpoints and pages use: they leave word in the database, wherever the worker runs. */
export function createSyncControl(database: Database, clock: () => number): SyncControl {
  return {
    state: async (realm) => (await keptSync(database, realm)).state,

    async run(realm, options) {
      const confirm = options === undefined ? [] : [{ kind: 'confirm' as const, id: String(options.confirm) }]
      await written(() => hintWrites(realm, [{ kind: 'run', id: '' }, ...confirm], clock()))
    },

    async hint(realm, { users, groups, full, administrators, deleted = [] }, once) {
      const now = new Set(administrators)
      const told = (id: string) => (administrators === undefined ? {} : { administers: now.has(id) })
      const hints = [
        ...groups.map((id) => ({ kind: 'group' as const, id })),
        ...users.map((id) => ({ kind: 'user' as const, id, ...told(id) })),
        ...deleted.map(({ user, credential }) => ({
          kind: 'deleted' as const,
          id: JSON.stringify([user, credential]),
          ...told(user),
        })),
        ...(full ? [{ kind: 'full' as const, id: '' }] : []),
      ]
      const writes = () => [taken(realm, once), ...hintWrites(realm, hints, clock())]
      return (await written(writes)) === 'replayed' ? 'replayed' : 'kept'
    },
  }

  /** Two servers of Keycloak may tell of the same users at the same time, and the database ask one to come again. */
  async function written(writes: () => Write[]): Promise<'written' | 'replayed'> {
    for (let i = 0; i < TRIES; i++) {
      const committed = await commitWrites(database, writes())
      if (committed === 'written' || committed === 'replayed') return committed
    }
    throw new AppError('unavailable', 'too many hints of the same users at the same time')
  }
}

function taken(realm: string, { jti, expiresAt }: { jti: string; expiresAt: number }): Write {
  const statement = sql`insert into used_jti (realm, jti, expires_at) values (${realm}, ${jti}, ${expiresAt})
    on conflict do nothing`
  return { statement, guard: 'replayed' }
}
