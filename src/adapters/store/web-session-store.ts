import type { Selectable } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import type { Visitor, WebSession, WebSessionStore } from '../../core/pages/web-session.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** The sessions of our own pages, on either database. */
export function createWebSessionStore({ db }: Pick<Database, 'db'>, sealer: Sealer): WebSessionStore {
  return {
    async begin(session) {
      await db.insertInto('web_session').values(fromSession(session)).execute()
    },

    async find(realm, idHash, now) {
      const row = await db
        .selectFrom('web_session')
        .selectAll()
        .where('id_hash', '=', idHash)
        .where('realm', '=', realm)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return row && toSession(row)
    },

    async renew(session, was) {
      const { sealed, roles_at, expires_at } = fromSession(session)
      const { numUpdatedRows } = await db
        .updateTable('web_session')
        .set({ sealed, roles_at, expires_at })
        .where('id_hash', '=', session.idHash)
        .where('realm', '=', session.realm)
        .where('roles_at', '=', was.rolesAt)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async end(realm, idHash) {
      await db.deleteFrom('web_session').where('id_hash', '=', idHash).where('realm', '=', realm).execute()
    },

    async endAll(realm, of) {
      // What the session proved ends with it, for tokens of it that live on.
      for (const table of ['web_session', 'verified_session'] as const) {
        const ended = db.deleteFrom(table).where('realm', '=', realm)
        await (
          'sid' in of ? ended.where('sid', '=', of.sid) : ended.where('user_id', '=', of.userId)
        ).execute()
      }
    },
  }

  function fromSession(session: WebSession): Selectable<Schema['web_session']> {
    const row = {
      id_hash: session.idHash,
      realm: session.realm,
      user_id: session.userId,
      sid: session.sid,
      roles_at: session.rolesAt,
      expires_at: session.expiresAt,
    }
    return { ...row, sealed: sealer.seal(JSON.stringify(session.visitor), sessionContext(row)) }
  }

  /** One that no key opens is none: its user signs in again. */
  function toSession(row: Selectable<Schema['web_session']>): WebSession | undefined {
    const visitor = visitorIn(row)
    if (visitor === undefined) return undefined
    return {
      idHash: row.id_hash,
      realm: row.realm,
      userId: row.user_id,
      sid: row.sid,
      visitor,
      rolesAt: row.roles_at,
      expiresAt: row.expires_at,
    }
  }

  function visitorIn(row: Selectable<Schema['web_session']>): Visitor | undefined {
    try {
      return JSON.parse(sealer.open(row.sealed, sessionContext(row))) as Visitor
    } catch {
      return undefined
    }
  }
}

/** What the sealed part is bound to: a row that is copied to another user, session or cookie does not open (R5). */
export function sessionContext(
  row: Pick<Selectable<Schema['web_session']>, 'realm' | 'user_id' | 'sid' | 'id_hash'>,
): string {
  return JSON.stringify(['web_session', row.realm, row.user_id, row.sid, row.id_hash])
}
