import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { realmSettingsTable } from '../../scripts/lib/realm-settings-table.ts'
import { settingsTable } from '../../scripts/lib/settings-table.ts'

it.each([
  ['README.md', settingsTable()],
  ['docs/realm-settings.md', realmSettingsTable()],
])('%s lists the settings as they are declared (npm run docs writes them)', (file, table) => {
  expect(readFileSync(file, 'utf8')).toContain(table)
})
