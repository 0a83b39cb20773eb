import { readFileSync, writeFileSync } from 'node:fs'
import { licencesTable } from './lib/licences.ts'
import { metricsTable } from './lib/metrics-table.ts'
import { realmSettingsTable } from './lib/realm-settings-table.ts'
import { settingsTable } from './lib/settings-table.ts'

/** Writes what the documents take from the code. A test fails where they differ. */
write('README.md', 'settings', settingsTable())
write('docs/realm-settings.md', 'realm-settings', realmSettingsTable())
write('docs/licences.md', 'licences', licencesTable())
write('docs/operations.md', 'metrics', metricsTable())

function write(file: string, marker: string, table: string): void {
  const text = readFileSync(file, 'utf8')
  const begin = `<!-- ${marker} -->\n`
  const end = `<!-- /${marker} -->`
  const [head = ''] = text.split(begin, 1)
  writeFileSync(file, `${head}${begin}${table}${text.slice(text.indexOf(end))}`)
}
