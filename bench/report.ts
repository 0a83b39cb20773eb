import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from '../scripts/lib/paths.ts'
import type { Outcome, Row } from './part.ts'
import { pictureOf } from './picture.ts'

/** What a run came to, as `results/latest.json` keeps it. */
export interface Report {
  /** ISO 8601. */
  at: string
  command: string
  machine: { cores: number; cpu: string; memoryGiB: number; kernel: string }
  versions: Record<string, string>
  rows: ({ part: string } & Row)[]
  [part: string]: unknown
}

/** Puts what the parts came to together. */
export function reportOf(command: string, outcomes: [name: string, outcome: Outcome][]): Report {
  const at = new Date().toISOString()
  return {
    at,
    command,
    machine: {
      cores: availableParallelism(),
      cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${arch()}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
    },
    versions: Object.assign(
      { node: process.versions.node },
      ...outcomes.map(([, { versions }]) => versions),
    ) as Record<string, string>,
    rows: outcomes.flatMap(([part, { rows }]) => rows.map((row) => ({ part, ...row }))),
    ...Object.fromEntries(outcomes.map(([name, { data }]) => [name, { at, ...data }])),
  }
}

/** The figures of a newer run in place of what an older one has of the same parts. */
export function merged(older: Report | undefined, newer: Report): Report {
  if (older === undefined) return newer
  const parts = new Set(newer.rows.map(({ part }) => part))
  return {
    ...older,
    ...newer,
    versions: { ...older.versions, ...newer.versions },
    rows: [...older.rows.filter(({ part }) => !parts.has(part)), ...newer.rows],
  }
}

/** The rows as a table in Markdown. */
export function tableOf({ rows }: Pick<Report, 'rows'>): string {
  const lines = rows.map(({ part, what, figure, goal, met }) => [
    part,
    what,
    figure,
    goal,
    MET[String(met)] ?? '',
  ])
  return [['part', 'what', 'figure', 'goal', ''], ['---', '---', '---:', '---', '---'], ...lines]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`)
    .join('\n')
}
const MET: Record<string, string> = { true: 'met', false: '**missed**' }

/**
 * Writes results/latest.json, and the day's report beside it: the table as Markdown, and its picture. What was not
 * measured this time stays as it was.
 * @returns the report, below the repository's root
 */
export function writeReport(newer: Report): string {
  const folder = 'bench/results'
  const latest = join(root, folder, 'latest.json')
  const older = existsSync(latest) ? (JSON.parse(readFileSync(latest, 'utf8')) as Report) : undefined
  const report = merged(older, newer)
  const date = report.at.slice(0, 10)
  const { machine, versions, command } = report
  const text = `# The bench, ${date}

\`${command}\`, on ${machine.cores} cores (${machine.cpu}) with ${machine.memoryGiB} GiB, Linux ${machine.kernel}: ${Object.entries(
    versions,
  )
    .map(([name, version]) => `${name} ${version}`)
    .join(
      ', ',
    )}. Everything shares this machine. How each part is measured: [docs/bench.md](../../docs/bench.md).

![How much of its goal each figure takes up](${date}.svg)

${tableOf(report)}
`
  mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(latest, `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(join(root, folder, `${date}.md`), text)
  writeFileSync(join(root, folder, `${date}.svg`), pictureOf(report))
  return `${folder}/${date}.md`
}
