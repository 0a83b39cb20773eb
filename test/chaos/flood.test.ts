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

it('tells a leak from the whims of a collector', () => {
  const looks = (heapAt: (i: number) => number) =>
    Array.from({ length: 400 }, (_, i) => ({ rss: 200 + (i % 100), heap: heapAt(i) }))
  const garbage = (i: number) => (i % 10) * 5
  expect(
    memoryFigure(
      'here',
      looks((i) => 60 + garbage(i)),
    ).holds,
  ).toBe(true)
  expect(
    memoryFigure(
      'here',
      looks((i) => 60 + garbage(i) + i / 10),
    ).holds,
  ).toBe(false)
})
