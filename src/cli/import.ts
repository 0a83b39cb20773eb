import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { KcAdminClient } from '../adapters/keycloak/admin-session.ts'
import { copyPhone, usersCanChange } from '../adapters/keycloak/moving/copy-phone.ts'
import { readDatabase } from '../adapters/keycloak/moving/database.ts'
import { readWholeExport } from '../adapters/keycloak/moving/export-file.ts'
import { removeApp } from '../adapters/keycloak/moving/remove-app.ts'
import { PHONE } from '../adapters/keycloak/setup/names.ts'
import { createSealer } from '../adapters/secrets/sealer.ts'
import { createMovingStore } from '../adapters/store/moving-store.ts'
import { createAdminStore } from '../adapters/store/admin-store.ts'
import { openDatabase, openForReading } from '../adapters/store/database.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { companionsOf } from '../core/administration/acts.ts'
import { readPhone } from '../core/login/phone.ts'
import { registry } from '../methods/index.ts'
import { importReport } from './import-report.ts'
import { moveIn } from './import-run.ts'
import type { Move, Tally } from './import-run.ts'
import { chooseRealm, CREDENTIALS_HELP, signIn } from './target.ts'
import type { TargetOptions } from './target.ts'
import { demandUpToDate } from './up-to-date.ts'

interface ImportOptions extends TargetOptions {
  from?: string
  fromDatabase?: true
  dryRun?: true
  removeFromKeycloak?: true
  phoneAttribute: string
  trustPhones?: true
}

type Settings = Pick<Config, 'dbUrl' | 'encryptionKeys'>

const say = (line: string) => process.stdout.write(`${line}\n`)

const HELP = `
The address of Keycloak's database is taken from LATCHKEY_IMPORT_DB_URL (postgres://…), or from the file that
LATCHKEY_IMPORT_DB_URL_FILE names. A server on an SQLite file has to be stopped meanwhile; a dry run goes beside it.
--remove-from-keycloak and --trust-phones need an administrator.
${CREDENTIALS_HELP}`

/** Adds the options and the action of `latchkey import`. */
export function importCommand(command: Command): void {
  command
    .description("move Keycloak's own authenticator apps in; again moves nothing twice")
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .option('--from <path>', 'an export of the realm by kc.sh: the file, or the folder')
    .option('--from-database', "Keycloak's own database on PostgreSQL, which is only read")
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--remove-from-keycloak', 'remove in Keycloak what is here, so that nobody is asked twice')
    .option('--phone-attribute <name>', 'the user attribute that holds phone numbers', PHONE)
    .option(
      '--trust-phones',
      `nobody but administrators ever wrote to that attribute: copy its numbers to ${PHONE}, where a user has none`,
    )
    .option('--admin-realm <name>', 'the realm that knows the administrator', 'master')
    .addHelpText('after', HELP)
    .action(async (options: ImportOptions) => {
      const config = readConfig(process.env)
      const { name: realm } = chooseRealm(config, options.realm)
      const users = sourceOf(realm, options)
      const admin =
        options.dryRun === undefined && (options.removeFromKeycloak ?? options.trustPhones) === true
          ? await signIn(config, options)
          : undefined
      const acts = admin === undefined ? {} : await actsOf(admin, realm, options)
      const tally = await importInto(config, { realm, users, dryRun: options.dryRun === true, ...acts })
      finish(realm, tally, options)
    })
}

/** Moves what a source has into the database that is configured. @throws Error where it can't be opened or read */
export async function importInto(
  { dbUrl, encryptionKeys }: Settings,
  move: Omit<Move, 'store' | 'clock' | 'readPhone'>,
  progress?: (tally: Tally) => void,
): Promise<Tally> {
  if (move.dryRun) await demandUpToDate(dbUrl)
  const database = move.dryRun ? openForReading(dbUrl) : await openDatabase(dbUrl)
  try {
    const options = { companions: companionsOf(registry), clock: Date.now }
    const { settings } = await createAdminStore(database, options).policy(move.realm)
    const [country = ''] = settings.smsCountries
    return await moveIn(
      {
        ...move,
        store: createMovingStore(database, createSealer(encryptionKeys)),
        clock: Date.now,
        readPhone(phone) {
          const read = readPhone({ country, phone }, settings.smsCountries)
          return read.ok ? read.phone : undefined
        },
      },
      progress,
    )
  } finally {
    await database.close()
  }
}

function sourceOf(realm: string, { from, fromDatabase, phoneAttribute }: ImportOptions): Move['users'] {
  const reading = { realm, phoneAttribute, now: Date.now() }
  if ((from === undefined) === (fromDatabase === undefined))
    throw new Error("name one source: --from with an export's file or folder, or --from-database")
  if (from !== undefined) return readWholeExport(from, reading)
  const file = process.env['LATCHKEY_IMPORT_DB_URL_FILE'] ?? ''
  const url = file === '' ? process.env['LATCHKEY_IMPORT_DB_URL'] : readFileSync(file, 'utf8').trim()
  if (url === undefined || url === '') throw new Error('--from-database needs LATCHKEY_IMPORT_DB_URL')
  return readDatabase(url, reading)
}

async function actsOf(
  admin: KcAdminClient,
  realm: string,
  { removeFromKeycloak, trustPhones, phoneAttribute }: ImportOptions,
): Promise<Pick<Move, 'remove' | 'copyPhone'>> {
  if (trustPhones === true && phoneAttribute === PHONE) {
    throw new Error(
      `numbers in ${PHONE} need no copying: Latchkey reads them there; name another by --phone-attribute`,
    )
  }
  if (trustPhones === true && (await usersCanChange(admin, realm, phoneAttribute))) {
    throw new Error(
      `users can change ${phoneAttribute} themselves in the realm ${realm}, so a number in it can be anybody's: let only administrators edit it in the user profile, look through what it has, then try again`,
    )
  }
  return {
    ...(removeFromKeycloak === true ? { remove: async (app) => await removeApp(admin, realm, app) } : {}),
    ...(trustPhones === true ? { copyPhone: async (found) => await copyPhone(admin, realm, found) } : {}),
  }
}

function finish(realm: string, tally: Tally, options: ImportOptions): void {
  const dryRun = options.dryRun === true
  const removes = !dryRun && options.removeFromKeycloak === true
  say(dryRun ? `What import would do in the realm ${realm}:` : `Moved into the realm ${realm}:`)
  process.stdout.write(importReport(tally, { dryRun, removes, phoneAttribute: options.phoneAttribute }))
  const here = (tally.apps.get('moved') ?? 0) + (tally.apps.get('present') ?? 0)
  if (!removes && !dryRun && here > 0) {
    say('Keycloak still asks for these apps too: run it again with --remove-from-keycloak.')
  }
  if ((tally.removals.get('failed') ?? 0) > 0 || (tally.phones.get('failed') ?? 0) > 0) process.exitCode = 1
}
