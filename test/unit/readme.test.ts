import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { licencesTable } from '../../scripts/lib/licences.ts'
import { metricsTable } from '../../scripts/lib/metrics-table.ts'
import { realmSettingsTable } from '../../scripts/lib/realm-settings-table.ts'
import { settingsTable } from '../../scripts/lib/settings-table.ts'

it.each([
  ['README.md', settingsTable()],
  ['docs/realm-settings.md', realmSettingsTable()],
  ['docs/licences.md', licencesTable()],
  ['docs/operations.md', metricsTable()],
])('%s says what the code says (npm run docs writes them)', (file, table) => {
  expect(readFileSync(file, 'utf8')).toContain(table)
})
