import { parseArgs } from 'node:util'
import { ScriptError } from '../../scripts/lib/run.ts'
import { progressPrinter, runScript } from '../../scripts/lib/terminal.ts'
import { faults } from './faults.ts'
import { flood } from './flood.ts'
import { kills } from './kills.ts'
import type { Figure, Part } from './part.ts'
import { raceOnBoth, races } from './races.ts'
import { tableOf, writeReport } from './report.ts'

// `npm run chaos`: what must hold when much happens at once. Exit code 1 where something did not.

const PARTS: Record<string, Part> = { races, flood, kills, faults }

await runScript(async () => {
  const { size, names, codes, report } = readArguments()
  const progress = progressPrinter()
  const results: { name: string; figures: Figure[] }[] = []
  for (const name of names) {
    const part = name === 'races' && codes !== undefined ? racesOf(codes) : PARTS[name]
    const figures = (await part?.({ size, progress })) ?? []
    results.push({ name, figures })
    console.log(`\n${name}\n\n${tableOf(figures)}\n`)
  }
  if (report) progress(`Wrote ${await writeReport(results, process.argv.slice(2))}`)
  const broken = results.flatMap(({ figures }) => figures).filter(({ holds }) => !holds)
  if (broken.length > 0) throw new ScriptError(`${broken.length} of it did not hold.`)
})

function readArguments(): { size: number; names: string[]; codes: number | undefined; report: boolean } {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true },
      codes: { type: 'string' },
      report: { type: 'boolean', default: false },
    },
  })
  const size = Number(values.size)
  if (!(size > 0 && size <= 1)) throw new ScriptError('--size must be more than 0 and at most 1.')
  const codes = values.codes === undefined ? undefined : Number(values.codes)
  if (codes !== undefined && !(Number.isInteger(codes) && codes >= 1 && codes <= 10_000)) {
    throw new ScriptError('--codes must be from 1 to 10000.')
  }
  const names = values.only ?? Object.keys(PARTS)
  const unknown = names.find((name) => !(name in PARTS))
  if (unknown !== undefined) {
    throw new ScriptError(`--only must be one of ${Object.keys(PARTS).join(', ')} (it is "${unknown}").`)
  }
  return { size, names, codes, report: values.report }
}

function racesOf(codes: number): Part {
  return async ({ progress }) => await raceOnBoth(codes, progress)
}
