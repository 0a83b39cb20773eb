import { expect, it } from 'vitest'
import { kills } from './kills.ts'

it('nothing that was acknowledged is lost by kill -9 of the sidecar or of PostgreSQL, and no code is good again (R2, R4, P3)', async () => {
  const figures = await kills({ size: 0.01, progress: () => {} })
  expect(figures.filter(({ holds }) => !holds)).toEqual([])
}, 300_000)
