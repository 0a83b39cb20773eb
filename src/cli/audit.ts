import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Writable } from 'node:stream'
import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { createSealer } from '../adapters/secrets/sealer.ts'
import { createAuditStore } from '../adapters/store/audit-store.ts'
import { verifyAudit } from '../adapters/store/audit-verify.ts'
import type { Verification } from '../adapters/store/audit-verify.ts'
import type { Anchor } from '../adapters/store/audit-walk.ts'
import { openForReading } from '../adapters/store/database.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { AUDIT_FORMATS } from '../core/audit/audit-format.ts'
import type { AuditEvent, AuditQuery } from '../core/audit/audit.ts'
import { auditReport } from './audit-report.ts'
import { chooseRealm } from './target.ts'

type Settings = Pick<Config, 'dbUrl' | 'encryptionKeys'>

interface ExportOptions {
  realm?: string
  format: keyof typeof AUDIT_FORMATS
  from?: number
  to?: number
  user?: string
  event?: AuditEvent
}

/** Adds `latchkey audit verify` and `latchkey audit export`. */
export function auditCommand(command: Command): void {
  command.description("look at the realm's audit, beside a running server")
  command
    .command('verify')
    .description('find what was changed, moved, put in or taken out of the audit')
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .option('--anchor <seq:mac>', 'a head of the chain, from the log or an earlier run')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', '\nChanges nothing. Exit code: 0 in order, 2 tampered with, or could not look.')
    .action(async (options: { realm?: string; anchor?: string; json?: true }) => {
      try {
        const config = readConfig(process.env)
        const { name } = chooseRealm(config, options.realm)
        const anchor = options.anchor === undefined ? undefined : readAnchor(options.anchor)
        const found = await verifyRealm(config, name, anchor)
        process.stdout.write(
          options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : auditReport(found),
        )
        process.exitCode = found.found === 0 ? 0 : 2
      } catch (error) {
        // As with what is broken: whoever can't look has not seen that all is in order.
        process.stderr.write(`latchkey: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exitCode = 2
      }
    })
  command
    .command('export')
    .description('print the audit, oldest first')
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .addOption(
      new Option('--format <format>', 'how').choices(Object.keys(AUDIT_FORMATS)).makeOptionMandatory(),
    )
    .option('--from <time>', 'not before this time, ISO 8601; a day begins at midnight UTC', readTime)
    .option('--to <time>', 'before this time', readTime)
    .option('--user <id>', 'about this user')
    .option('--event <event>', 'of this kind, for example challenge.failed')
    .action(async (options: ExportOptions) => {
      const config = readConfig(process.env)
      const { name } = chooseRealm(config, options.realm)
      await exportAudit(config, name, options, process.stdout)
    })
}

/** Looks at the realm's chain in the database that is configured. @throws Error where it can't be read */
export async function verifyRealm(
  { dbUrl, encryptionKeys }: Settings,
  realm: string,
  anchor?: Anchor,
): Promise<Verification> {
  const database = openForReading(dbUrl)
  try {
    const keyIds = encryptionKeys.map(({ id }) => id)
    return await verifyAudit(database, { realm, sealer: createSealer(encryptionKeys), keyIds, anchor })
  } finally {
    await database.close()
  }
}

/** Writes the realm's audit out, oldest first, as fast as it is taken. A reader that goes away ends it. */
export async function exportAudit(
  { dbUrl }: Pick<Settings, 'dbUrl'>,
  realm: string,
  { format, from, to, user, event }: ExportOptions,
  out: Writable,
): Promise<void> {
  const how = AUDIT_FORMATS[format]
  const query: AuditQuery = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(user === undefined ? {} : { userId: user }),
    ...(event === undefined ? {} : { event }),
  }
  const database = openForReading(dbUrl)
  async function* text() {
    if (how.header !== '') yield how.header
    for await (const entries of createAuditStore(database).everything(realm, query)) {
      yield entries.map((entry) => how.line(entry)).join('')
    }
  }
  try {
    await pipeline(Readable.from(text()), out, { end: false })
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPIPE') throw error
  } finally {
    await database.close()
  }
}

/** @throws Error where it is no anchor */
export function readAnchor(text: string): Anchor {
  const [, seq, mac] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? []
  if (seq === undefined || mac === undefined)
    throw new Error(`--anchor must be <seq>:<mac> (it is "${text}")`)
  return { seq: Number(seq), mac }
}

const time = z.iso.date().or(z.iso.datetime({ offset: true }))

/** Epoch milliseconds. @throws Error where it is neither a day nor a time with its zone */
export function readTime(text: string): number {
  if (time.safeParse(text).success) return Date.parse(text)
  throw new Error(`the time must be like 2026-01-31 or 2026-01-31T09:00:00Z (it is "${text}")`)
}
