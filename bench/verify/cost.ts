import { randomUUID } from 'node:crypto'
import { startApp } from '../../test/support/app.ts'
import type { Clock } from '../../test/support/app.ts'
import { Login, codeFor } from '../../test/support/login.ts'
import { startRealm } from '../../test/support/realm.ts'
import { otherThan } from './rival.ts'

const WRITES = /\b(insert into|update|delete from)\b/i
const STEP = 30_000

/** What an answer costs the database: statements, which are round trips, and those of them that write: commits. */
export interface Cost {
  roundTrips: number
  commits: number
}

/**
 * Counts the statements of a right and a wrong code of the app and of the backup codes, in a sidecar of this process.
 * @returns the most of either
 */
export async function costOf(dbUrl: string): Promise<Cost> {
  const realm = await startRealm()
  const clock: Clock = { now: Date.now() }
  let statements: string[] = []
  const sqlLog = ({ query }: { query: { sql: string } }) => void statements.push(query.sql)
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl, clock, sqlLog })
  const costs: Cost[] = []
  const sub = randomUUID()
  const begin = async () => await new Login(app, realm, { sub }, () => clock.now).begin()
  const answer = async (login: Login, method: string, code: string, expected: string) => {
    statements = []
    const location = String((await login.post(`challenge/${method}`, { code })).headers['location'])
    if (!location.includes(expected))
      throw new Error(`the ${method} code led to ${location.split('?', 1)[0]}`)
    costs.push({
      roundTrips: statements.length,
      commits: statements.filter((sql) => WRITES.test(sql)).length,
    })
  }
  try {
    await app.policy.saveSettings('demo', { enforcement: 'required' })
    const { secret, codes } = await (await begin()).enrol()
    clock.now += 10 * STEP
    const byApp = await begin()
    const near = await Promise.all([-1, 0, 1].map((by) => codeFor(secret, clock.now + by * STEP)))
    await answer(byApp, 'totp', otherThan(...near), 'code-wrong')
    await answer(byApp, 'totp', await codeFor(secret, clock.now), '&code=')
    const written = await begin()
    await written.post('method', { method: 'backup-codes' })
    await answer(written, 'backup-codes', '0000-0000-0000-0000', 'code-wrong')
    await answer(written, 'backup-codes', codes[0] ?? '', '&code=')
  } finally {
    await app.stop()
    await realm.stop()
  }
  return {
    roundTrips: Math.max(...costs.map(({ roundTrips }) => roundTrips)),
    commits: Math.max(...costs.map(({ commits }) => commits)),
  }
}
