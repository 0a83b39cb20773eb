import { openDatabase } from '../src/adapters/store/database.ts'
import { startPages } from '../test/support/admin-pages.ts'
import { seedCrowd } from '../test/support/crowd.ts'
import { newKey, sqlitePlace } from '../test/support/stores.ts'
import { median, percentile } from './figures.ts'
import { against } from './part.ts'
import type { Part } from './part.ts'

const SIZES = { quick: { users: 10_000, visits: 3 }, whole: { users: 100_000, visits: 21 } }
const MS = 100

/** How an administrator comes to look at users. */
const PAGES: Record<string, string> = {
  'first page': '/users',
  'a page far back': '/users?first=9000',
  'by a part of a name': '/users?search=user-77',
  'those who are locked': '/users?status=locked',
  'those who have a method': '/users?status=enrolled',
  'those who have none and need one': '/users?status=required-not-enrolled',
  'by method': '/users?method=totp',
  'by a method that nobody has': '/users?method=passkey',
}

/** The administrator's users page of a large realm on SQLite, from the request to the whole page, warm. */
export const admin: Part = async ({ quick, progress }) => {
  const { users, visits } = quick ? SIZES.quick : SIZES.whole
  const place = sqlitePlace()
  const database = await openDatabase(place.url)
  progress(`${users} users in a SQLite file`)
  await seedCrowd(database, [newKey()], Date.now(), { users, entries: 1_000 })
  await database.close()
  const world = await startPages({ users: [{ id: 'root' }], dbUrl: place.url, looksForLeaks: false })
  try {
    const visitor = await world.as('root', ['tfa-admin'])
    const samples: Record<string, number[]> = {}
    for (let i = 0; i <= visits; i++) {
      for (const [name, path] of Object.entries(PAGES)) {
        const begun = performance.now()
        const { status, html } = await visitor.get(path)
        if (status !== 200 || !html.includes('data-page="users"')) {
          throw new Error(`the page ${path} came with ${status}`)
        }
        // The first visit of each warms up.
        if (i > 0) (samples[name] ??= []).push(performance.now() - begun)
      }
    }
    const rows = Object.entries(samples).map(([name, ms]) =>
      against(
        `users page of ${users.toLocaleString('en')} users, ${name}`,
        median(ms),
        { most: MS },
        { unit: ' ms', digits: 0 },
      ),
    )
    const worst = Math.max(...Object.values(samples).map(median))
    const p95Ms = Math.max(...Object.values(samples).map((ms) => percentile(ms, 95)))
    return { rows, data: { usersPageMs: worst, p95Ms, users, samples } }
  } finally {
    await world.stop()
    await place.drop()
  }
}
