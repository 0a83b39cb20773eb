import { parseArgs } from 'node:util'
import { stopChildren } from '../scripts/lib/child.ts'
import { ScriptError } from '../scripts/lib/run.ts'
import { progressPrinter, runScript } from '../scripts/lib/terminal.ts'
import { load } from './load/load.ts'
import { scale } from './scale/scale.ts'
import { upgrade } from './scale/upgrade.ts'
import type { Outcome, Part } from './part.ts'
import { reportOf, tableOf, writeLatest } from './report.ts'

// `npm run bench`: how fast it is beside its rivals, as ratios of one run. Nothing passes or fails by time.

const PARTS: Record<string, Part> = { load, scale, upgrade }

await runScript(async () => {
  const { quick, names } = readArguments()
  const progress = progressPrinter()
  const outcomes: [string, Outcome][] = []
  try {
    for (const name of names) {
      const outcome = await PARTS[name]?.({ quick, progress: (text) => progress(`${name}: ${text}`) })
      if (outcome !== undefined) outcomes.push([name, outcome])
    }
  } finally {
    await stopChildren()
  }
  const args = process.argv.slice(2)
  const report = reportOf(`npm run bench${args.length === 0 ? '' : ` -- ${args.join(' ')}`}`, outcomes)
  console.log(`\n${tableOf(report)}\n`)
  // A short or partial run does not take the place of a whole one.
  if (!quick && names.length === Object.keys(PARTS).length) progress(`Wrote ${writeLatest(report)}`)
})

function readArguments(): { quick: boolean; names: string[] } {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
  })
  const names = values.only ?? Object.keys(PARTS)
  const unknown = names.find((name) => !(name in PARTS))
  if (unknown !== undefined) {
    throw new ScriptError(`--only must be one of ${Object.keys(PARTS).join(', ')} (it is "${unknown}").`)
  }
  return { quick: values.quick, names }
}
