import { expect, it } from 'vitest'
import { faults } from './faults.ts'

it('whatever breaks around it, the sidecar answers, lets nobody in, says so, and is well again (B11, R31, P15)', async () => {
  const figures = await faults({ size: 0.01, progress: () => {} })
  expect(figures.filter(({ holds }) => !holds)).toEqual([])
}, 600_000)
