import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from './lib/settings-table.ts'

/** Writes what the README takes from the code. A test fails where the two differ. */
const readme = readFileSync('README.md', 'utf8')
const begin = '<!-- settings -->\n'
const end = '<!-- /settings -->'
const [head = ''] = readme.split(begin, 1)
const tail = readme.slice(readme.indexOf(end))
writeFileSync('README.md', `${head}${begin}${settingsTable()}${tail}`)
