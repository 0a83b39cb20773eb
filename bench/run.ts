import { parseArgs } from 'node:util'
import { stopChildren } from '../scripts/lib/child.ts'
import { ScriptError } from '../scripts/lib/run.ts'
import { progressPrinter, runScript } from '../scripts/lib/terminal.ts'
import { admin } from './admin.ts'
import { load } from './load/load.ts'
import { login } from './login/login.ts'
import { pages } from './pages.ts'
import type { Outcome, Part } from './part.ts'
import { reportOf, tableOf, writeReport } from './report.ts'
import { scale } from './scale/scale.ts'
import { upgrade } from './scale/upgrade.ts'
import { start } from './start.ts'
import { hundredThousand } from './sync/hundred-thousand.ts'
import { sync } from './sync/sync.ts'
import { verify } from './verify/verify.ts'

// `npm run bench`: how fast it is beside its rivals, as ratios of one run. Nothing passes or fails by time.

const PARTS: Record<string, Part> = { verify, login, load, sync, start, page: pages, admin, scale, upgrade }
/** What takes too long for a whole run: by its name alone. */
const OPTIONAL: Record<string, Part> = { 'sync-100k': hundredThousand }
const ALL = { ...PARTS, ...OPTIONAL }

await runScript(async () => {
  const { quick, names } = readArguments()
  const progress = progressPrinter()
  const outcomes: [string, Outcome][] = []
  const failed: string[] = []
  for (const name of names) {
    try {
      const outcome = await ALL[name]?.({ quick, progress: (text) => progress(`${name}: ${text}`) })
      if (outcome !== undefined) outcomes.push([name, outcome])
    } catch (error) {
      console.error(error)
      failed.push(name)
    } finally {
      await stopChildren()
    }
  }
  const args = process.argv.slice(2)
  const report = reportOf(`npm run bench${args.length === 0 ? '' : ` -- ${args.join(' ')}`}`, outcomes)
  console.log(`\n${tableOf(report)}\n`)
  if (!quick) progress(`Wrote ${writeReport(report)}`)
  if (failed.length > 0) throw new ScriptError(`What failed has no figures: ${failed.join(', ')}.`)
})

function readArguments(): { quick: boolean; names: string[] } {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
  })
  const names = values.only ?? Object.keys(PARTS)
  const unknown = names.find((name) => !(name in ALL))
  if (unknown !== undefined) {
    throw new ScriptError(`--only must be one of ${Object.keys(ALL).join(', ')} (it is "${unknown}").`)
  }
  return { quick: values.quick, names }
}
