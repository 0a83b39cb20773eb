import type { Command } from 'commander'
import type { Fault, StoreFacts } from '../adapters/keycloak/doctor/check.ts'
import { examine, exitCodeOf } from '../adapters/keycloak/doctor/examine.ts'
import type { Result } from '../adapters/keycloak/doctor/examine.ts'
import { inspectDatabase } from '../adapters/store/inspect.ts'
import { readConfig, SETTINGS } from '../config.ts'
import type { Config } from '../config.ts'
import { lostRows } from './keys-report.ts'
import { keysInUse } from './keys.ts'
import { chooseRealm, CREDENTIALS_HELP, signIn } from './target.ts'
import type { TargetOptions } from './target.ts'

interface DoctorOptions extends TargetOptions {
  json?: true
  admin: boolean
}

/** Adds the options and the action of `latchkey doctor`. */
export function doctorCommand(command: Command): Command {
  return command
    .description('look for what is wrong in a realm and in this server, and say how to mend it')
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .option('--admin-realm <name>', 'the realm that knows the administrator', 'master')
    .option('--no-admin', 'leave out what only an administrator of Keycloak can see')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      `\nChanges nothing. Exit code: 0 in order, 1 warnings, 2 faults, or could not look.\n${CREDENTIALS_HELP}`,
    )
    .action(async (options: DoctorOptions) => {
      try {
        await diagnose(options)
      } catch (error) {
        // 1 would mean warnings, and whoever can't look has not seen that it is no more than that.
        process.stderr.write(`latchkey: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exitCode = 2
      }
    })
}

async function diagnose(options: DoctorOptions): Promise<void> {
  // Plain http is one of the faults to be told, so it must not end the look at the others.
  const config = readConfig({ ...process.env, LATCHKEY_ALLOW_HTTP: 'true' })
  const realm = chooseRealm(config, options.realm)
  const results = await examine({
    realm,
    addresses: addressesOf(config),
    store: await lookAt(config),
    ...(options.admin ? { admin: await signIn(config, options) } : {}),
  })
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ realm: realm.name, results }, undefined, 2)}\n`)
  } else process.stdout.write(report(realm.name, results))
  process.exitCode = exitCodeOf(results)
}

/** Reads beside a running server. A database of another version, or none, is told of by itself. */
export async function lookAt(config: Pick<Config, 'dbUrl' | 'encryptionKeys'>): Promise<StoreFacts> {
  const found = await inspectDatabase(config.dbUrl)
  const isReadable = found.problem === undefined && found.pending?.length === 0
  const keyIds = config.encryptionKeys.map(({ id }) => id)
  return { ...found, lost: isReadable ? lostRows(await keysInUse(config), keyIds) : [] }
}

function addressesOf(config: Config): Record<string, string> {
  const keys = ['hostname', 'keycloakUrl', 'keycloakBackchannelUrl'] as const
  return Object.fromEntries(
    keys.filter((key) => config[key] !== '').map((key) => [SETTINGS[key].name, config[key]]),
  )
}

/** The results for a reader: what is wrong first in each check, then why, then what to do. */
function report(realm: string, results: readonly Result[]): string {
  const lines = [`The realm ${realm}:`, ...results.flatMap(linesOf)]
  const all = results.flatMap(({ faults = [] }) => faults)
  const count = (level: Fault['level']) => all.filter((one) => one.level === level).length
  const parts = [counted(count('fault'), 'fault'), counted(count('warning'), 'warning')]
  lines.push(
    '',
    all.length === 0 ? 'Nothing is wrong.' : `${parts.filter((part) => part !== '').join(', ')}.`,
  )
  return `${lines.join('\n')}\n`
}

function linesOf({ title, faults }: Result): string[] {
  if (faults === undefined) return [`  -  not looked at: ${title}`]
  if (faults.length === 0) return [`  ✓  ${title}`]
  return faults.flatMap(({ level, what, why, mend }) => [
    `  ${level === 'fault' ? '✗' : '!'}  ${what}`,
    `     Why it matters: ${why}`,
    `     To mend it: ${mend}`,
  ])
}

function counted(number: number, name: string): string {
  return number === 0 ? '' : `${number} ${name}${number === 1 ? '' : 's'}`
}
