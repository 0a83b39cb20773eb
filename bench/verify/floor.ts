import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startChild } from '../../scripts/lib/child.ts'
import { root } from '../../scripts/lib/paths.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { newKey } from '../../test/support/stores.ts'
import { formPost } from './client.ts'
import { codeOf, codesAround, stepAt } from './code.ts'
import { otherThan } from './rival.ts'
import type { Rival } from './rival.ts'

const TABLES = `
  create table credential (id text primary key, sealed text not null, version integer not null,
    last_step integer not null, failures integer not null);
  create table audit (id uuid primary key, at bigint not null, user_id text not null, event text not null)`

/** Starts `floor-server.ts` in a process of its own, on its own database. It answers app codes alone. */
export async function startFloor(dbUrl: string): Promise<Rival> {
  const key = newKey()
  const sealer = createSealer([key])
  const database = new pg.Client({ connectionString: dbUrl })
  await database.connect()
  await database.query(TABLES)
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-floor-'))
  const child = startChild({
    name: 'The floor',
    command: process.execPath,
    args: ['bench/verify/floor-server.ts'],
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      FLOOR_DB_URL: dbUrl,
      FLOOR_KEY: key.key.toString('base64'),
      FLOOR_PORT: String(port),
    },
    logFile: join(folder, 'floor.log'),
  })
  await child.answers(`http://${host}/`, 60)

  async function newUsers(count: number): Promise<{ id: string; secret: Buffer }[]> {
    const users = Array.from({ length: count }, () => ({ id: randomUUID(), secret: randomBytes(20) }))
    const sealed = users.map(({ id, secret }) => sealer.seal(secret.toString('base64'), id))
    await database.query(
      'insert into credential select id, sealed, 1, 0, 0 from unnest($1::text[], $2::text[]) as new (id, sealed)',
      [users.map(({ id }) => id), sealed],
    )
    return users
  }

  return {
    host,
    pid: child.pid,
    async asks(mix, count) {
      const isRight = mix === 'totp right'
      return (await newUsers(count)).map(({ id, secret }) => {
        const code = isRight
          ? codeOf(secret, stepAt(Date.now()))
          : otherThan(...codesAround(secret, Date.now()))
        return {
          bytes: formPost(host, `/${id}`, { code }),
          isAsExpected: ({ status, location }) =>
            status === 302 && location.startsWith(isRight ? '/application?code=' : '/step?error=code-wrong'),
        }
      })
    },
    async stop() {
      await child.stop()
      await database.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
