import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { settingsTable } from '../../scripts/lib/settings-table.ts'

it('the README lists the settings as they are declared (npm run docs writes them)', () => {
  expect(readFileSync('README.md', 'utf8')).toContain(settingsTable())
})
