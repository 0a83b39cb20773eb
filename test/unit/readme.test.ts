import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { licencesTable } from '../../scripts/lib/licences.ts'
import { metricsTable } from '../../scripts/lib/metrics-table.ts'
import { realmSettingsTable } from '../../scripts/lib/realm-settings-table.ts'
import { settingsTable } from '../../scripts/lib/settings-table.ts'
import { METRICS } from '../../src/web/metrics.ts'

it.each([
  ['README.md', settingsTable()],
  ['docs/realm-settings.md', realmSettingsTable()],
  ['docs/licences.md', licencesTable()],
  ['docs/operations.md', metricsTable()],
])('%s says what the code says (npm run docs writes them)', (file, table) => {
  expect(readFileSync(file, 'utf8')).toContain(table)
})

it('the alerts of docs/operations.md ask for metrics that there are (B16)', () => {
  const known = new Set(
    Object.values(METRICS).flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_count`, `${name}_bucket`] : [name],
    ),
  )
  const alerts = readFileSync('docs/operations.md', 'utf8').split('### Alerts')[1]?.split('\n## ')[0] ?? ''
  const asked = [...alerts.matchAll(/\blatchkey_\w+/g)].map(([name]) => name)
  // The bridge counts this one, in Keycloak.
  const ours = asked.filter((name) => name !== 'latchkey_outage_open_total')
  expect(ours.length).toBeGreaterThan(10)
  expect(ours.filter((name) => !known.has(name))).toEqual([])
})
