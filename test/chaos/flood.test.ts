import { expect, inject, it } from 'vitest'
import { createDatabase } from '../support/postgres.ts'
import { sqlitePlace } from '../support/stores.ts'
import { floodOn } from './flood.ts'
import { memoryFigure } from './memory.ts'

/** Processes start in seconds, and much later on a machine that is busy; lockouts have to end. */
const PATIENCE = 180_000
/** Of the whole run: a hundred attackers. */
const SIZE = 0.002

it.concurrent.each([
  ['SQLite', async () => sqlitePlace()],
  ['PostgreSQL', async () => await createDatabase(inject('postgresUrl'))],
])(
  'locks nobody but the account that is guessed at, and sends no message past a limit, under a flood on %s (R7, R8, R10, P25)',
  async (where, make) => {
    const figures = await floodOn(where, await make(), SIZE, () => {})
    expect(figures.filter(({ holds }) => !holds)).toEqual([])
    expect(figures).toHaveLength(10)
  },
  PATIENCE,
)

it('calls memory flat where it grew by less than a leak', () => {
  const warm = { rss: 200, heap: 60 }
  expect(memoryFigure('here', warm, { rss: 260, heap: 64 }).holds).toBe(true)
  expect(memoryFigure('here', warm, { rss: 260, heap: 90 }).holds).toBe(false)
  expect(memoryFigure('here', warm, { rss: 400, heap: 64 }).holds).toBe(false)
})
