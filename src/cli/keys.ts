import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { createSealer } from '../adapters/secrets/sealer.ts'
import { openDatabase, openForReading } from '../adapters/store/database.ts'
import type { Database } from '../adapters/store/database.ts'
import { countKeys } from '../adapters/store/key-census.ts'
import type { KeyUse } from '../adapters/store/key-census.ts'
import { serversWithout } from '../adapters/store/key-holders.ts'
import { reseal } from '../adapters/store/reseal.ts'
import type { Resealed } from '../adapters/store/reseal.ts'
import { replaceSigningKeys, SIGNING_KEYS_RELOAD } from '../adapters/store/signing-keys.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { lookupOf } from '../core/number.ts'
import { registry } from '../methods/index.ts'
import { resealReport, usesReport } from './keys-report.ts'
import { demandUpToDate } from './up-to-date.ts'

type Settings = Pick<Config, 'dbUrl' | 'encryptionKeys'>

/** How long servers have to read a new signing key before it signs, milliseconds: two of their looks. */
const SIGNING_LEAD = 2 * SIGNING_KEYS_RELOAD

const hashed = [...registry.values()].filter((method) => method.hashed === true).map(({ id }) => id)

const say = (text: string) => process.stdout.write(text)

/** Adds `latchkey keys new` and `latchkey keys rotate`. */
export function keysCommand(command: Command): void {
  command.description('make and change the keys that encrypt secrets at rest, and those that sign')
  command
    .command('new')
    .description('print a new key for LATCHKEY_ENCRYPTION_KEYS')
    .argument('[id]', 'what rows name it by; default: k and the day')
    .action((id?: string) => {
      say(`${newKey(id, new Date())}\n`)
    })
  command
    .command('rotate')
    .description('seal everything under the first key of LATCHKEY_ENCRYPTION_KEYS; the servers go on')
    .option('--dry-run', 'show what each key is needed for, and change nothing')
    .option('--signing', 'make another signing key instead, and withdraw the others: for one that leaked')
    .addHelpText(
      'after',
      '\nA server on an SQLite file seals everything by itself after a start; --dry-run goes beside it.',
    )
    .action(async (options: { dryRun?: true; signing?: true }) => {
      const config = readConfig(process.env)
      if (options.dryRun === true) {
        if (options.signing === true) throw new Error('--dry-run does not go with --signing')
        say(usesReport(await keysInUse(config), idsOf(config)))
      } else if (options.signing === true) {
        await rotateSigning(config)
      } else {
        const { done, uses } = await rotate(config)
        say(resealReport(done, idsOf(config)[0] ?? ''))
        say(usesReport(uses, idsOf(config)))
        if (done.some(({ unreadable }) => unreadable > 0)) process.exitCode = 1
      }
    })
}

/** An entry for the setting. @throws Error where the id is none */
export function newKey(id: string | undefined, today: Date): string {
  const name = id ?? `k${today.toISOString().slice(0, 10).replaceAll('-', '')}`
  if (!/^[\w-]{1,32}$/.test(name)) throw new Error('the id must be 1 to 32 letters, digits, _ or -')
  return `${name}:${randomBytes(32).toString('base64')}`
}

/** What each key is needed for. @throws Error where the database can't be read, or is of another version */
export async function keysInUse({ dbUrl, encryptionKeys }: Settings): Promise<KeyUse[]> {
  await demandUpToDate(dbUrl)
  const database = openForReading(dbUrl)
  try {
    return await countKeys(database, createSealer(encryptionKeys), hashed)
  } finally {
    await database.close()
  }
}

/** Seals everything under the newest key. @throws Error where a server that runs could not read that */
export async function rotate({
  dbUrl,
  encryptionKeys,
}: Settings): Promise<{ done: Resealed[]; uses: KeyUse[] }> {
  const database = await open(dbUrl)
  const sealer = createSealer(encryptionKeys)
  const kit = { registry, mac: (text: string, keyId?: string) => sealer.mac(text, keyId) }
  try {
    await demandKnown(database, encryptionKeys)
    const done = await reseal(database, sealer, {
      lookupOf: (one) => lookupOf(one.realm, one, kit).lookup,
    })
    return { done, uses: await countKeys(database, sealer, hashed) }
  } finally {
    await database.close()
  }
}

async function rotateSigning({ dbUrl, encryptionKeys }: Settings): Promise<void> {
  const database = await open(dbUrl)
  try {
    await demandKnown(database, encryptionKeys)
    const lead = database.sqlite === undefined ? SIGNING_LEAD : 0
    if (lead > 0)
      say(`Published; it signs in ${lead / 1000} seconds, when every server has read it. Please wait.\n`)
    const kid = await replaceSigningKeys(database, createSealer(encryptionKeys), {
      clock: Date.now,
      lead,
      pause,
    })
    say(`The signing key is ${kid} from now on; every other is withdrawn within a minute.\n`)
  } finally {
    await database.close()
  }
}

async function open(dbUrl: string): Promise<Database> {
  try {
    return await openDatabase(dbUrl)
  } catch (error) {
    if (!dbUrl.startsWith('sqlite:')) throw error
    throw new Error(
      'the SQLite file belongs to the server that runs: restart it with the new key first, and it seals everything by itself; for --signing, stop it meanwhile',
      { cause: error },
    )
  }
}

/** Rows under a key that a server lacks would keep every one of their users out. */
async function demandKnown(database: Database, keys: Settings['encryptionKeys']): Promise<void> {
  const without = await serversWithout(database, createSealer(keys), Date.now())
  if (without === 0) return
  throw new Error(
    `${without === 1 ? 'a server runs' : `${without} servers run`} without the key "${keys[0]?.id}": add it to LATCHKEY_ENCRYPTION_KEYS of every server and restart them first (one that ended a moment ago counts for three minutes)`,
  )
}

function idsOf({ encryptionKeys }: Settings): string[] {
  return encryptionKeys.map(({ id }) => id)
}
