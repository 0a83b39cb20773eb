import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { root } from '../../scripts/lib/paths.ts'
import { startPostgres, versionOf } from '../support/postgres.ts'
import type { Figure } from './part.ts'

/** What a part came to. */
export interface Result {
  name: string
  figures: Figure[]
}

/** The figures as a table in Markdown. */
export function tableOf(figures: Figure[]): string {
  const rows = figures.map(({ what, figure, holds }) => [what, figure, holds ? 'yes' : '**no**'])
  return [['what', 'figure', 'holds'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`)
    .join('\n')
}

/** Files what came out under today's date. @returns the file, below the repository's root */
export async function writeReport(results: Result[], args: string[]): Promise<string> {
  const date = new Date().toISOString().slice(0, 10)
  const file = `docs/chaos/${date}.md`
  const parts = results.map(({ name, figures }) => `## ${name}\n\n${HOW[name] ?? ''}\n\n${tableOf(figures)}`)
  const text = [
    `# Chaos, ${date}`,
    `\`npm run chaos${args.length === 0 ? '' : ` -- ${args.join(' ')}`}\`, on ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}): node ${process.versions.node}, PostgreSQL ${await postgresVersion()}, SQLite ${sqliteVersion()}. Servers, databases and whoever asks them share this machine.`,
    ...parts,
  ].join('\n\n')
  mkdirSync(join(root, 'docs/chaos'), { recursive: true })
  writeFileSync(join(root, file), `${text}\n`)
  return file
}

/** How each part is measured. */
const HOW: Record<string, string> = {
  races: `Each server is a process of its own. For each code eight requests are sent at the same time, to the servers in turn, over HTTP as the bridge and browsers send them; users and what they have set up are written to the database before. Accepted is what the answers say: a way back with a code, a token, a step's cookie, the page of a set-up. The audit of the servers is counted beside it.`,
  flood: `One server, in a process of its own, behind a proxy that tells each browser's address. Memory is what the process's own figures say right after a full collection of garbage. Tries, lockouts and acceptances are read from the audit, text messages are counted by the stand-in for the provider.`,
  kills: `A server or PostgreSQL with its children is ended by SIGKILL while six clients set up, log in and revoke. What a client was told is written down on its side, and compared with the database after the restart; every code that was spent is tried again.`,
  faults: `A proxy between the server and one thing of its world is slow, silent, torn or gone. The time of an answer is the client's; well again means that a whole login goes through.`,
}

function sqliteVersion(): string {
  const database = new DatabaseSync(':memory:')
  const row = database.prepare('select sqlite_version() as version').get()
  database.close()
  return String(row?.['version'])
}

async function postgresVersion(): Promise<string> {
  const server = await startPostgres()
  const version = await versionOf(server.url)
  await server.stop()
  return version
}
