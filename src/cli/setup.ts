import { Option } from 'commander'
import type { Command } from 'commander'
import { setUp, SetupRefused } from '../adapters/keycloak/setup/apply.ts'
import { readRealm } from '../adapters/keycloak/setup/found.ts'
import { plan as makePlan } from '../adapters/keycloak/setup/plan.ts'
import { countSecondFactors, KINDS } from '../adapters/keycloak/setup/second-factors.ts'
import type { Plan, Wanted } from '../adapters/keycloak/setup/step.ts'
import { planUndo, takeBack } from '../adapters/keycloak/setup/undo.ts'
import type { KcAdminClient } from '../adapters/keycloak/admin-session.ts'
import { readConfig } from '../config.ts'
import type { Realm } from '../core/realm.ts'
import { chooseRealm, CREDENTIALS_HELP, signIn } from './target.ts'
import type { TargetOptions } from './target.ts'

interface SetupOptions extends TargetOptions {
  dryRun?: true
  undo?: true
  sidecarUrl?: string
  outage?: 'open' | 'closed'
  requirePhone?: true
  allowCiba?: true
  force?: true
  count: string
}

const say = (line: string) => process.stdout.write(`${line}\n`)

/** Adds the options and the action of `latchkey setup`. */
export function setupCommand(command: Command): Command {
  return command
    .description('set a realm of Keycloak up for Latchkey; again changes nothing')
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .option('--admin-realm <name>', 'the realm that knows the administrator', 'master')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--undo', 'put back what the first setup found')
    .option('--sidecar-url <url>', 'where Keycloak reaches Latchkey, if not at LATCHKEY_HOSTNAME')
    .addOption(
      new Option(
        '--outage <policy>',
        'what Keycloak does while Latchkey is away; without it the realm keeps what it has, closed at first',
      ).choices(['open', 'closed']),
    )
    .option('--require-phone', 'require a phone number of administrators who create users')
    .option('--allow-ciba', 'go on although clients use CIBA, which nothing guards')
    .option('--force', 'go on where a flow cannot be guarded or the server lacks a provider')
    .option('--count <users>', "look at no more users than this for Keycloak's own second factors", '2000')
    .addHelpText('after', CREDENTIALS_HELP)
    .action(async (options: SetupOptions) => {
      const config = readConfig(process.env)
      const realm = chooseRealm(config, options.realm)
      const admin = await signIn(config, options)
      if (options.undo === true) await undo(admin, realm, options)
      else await setup(admin, realm, options)
    })
}

async function setup(admin: KcAdminClient, realm: Realm, options: SetupOptions): Promise<void> {
  const wanted = wantedBy(realm, options)
  if (options.dryRun === true) {
    const plan = makePlan(await readRealm(admin, realm.name), wanted)
    list(
      `What setup would do in the realm ${realm.name}:`,
      plan.steps.map(({ sentence }) => sentence),
    )
    list('It would refuse to begin:', plan.refusals)
    await closing(admin, realm, plan, options)
    if (plan.refusals.length > 0) process.exitCode = 1
    return
  }
  const plan = await setUp(admin, realm.name, wanted, (sentence) => say(`- ${sentence}`)).catch(
    (error: unknown) => {
      if (error instanceof SetupRefused) return error
      throw error
    },
  )
  if (plan instanceof SetupRefused) {
    list('Nothing was changed:', plan.message.split('\n'))
    process.exitCode = 1
    return
  }
  say(
    plan.steps.length === 0
      ? `The realm ${realm.name} is set up; nothing to do.`
      : `The realm ${realm.name} is set up.`,
  )
  await closing(admin, realm, plan, options)
  say(
    `The administrator's pages are at ${realm.issuer}/admin, a user's at …/users/ and their id in Keycloak.`,
  )
  say(`See whether all is in order: latchkey doctor --realm ${realm.name}`)
}

function wantedBy(
  realm: Realm,
  { sidecarUrl, outage, requirePhone, allowCiba, force }: SetupOptions,
): Wanted {
  const reached = sidecarUrl === undefined ? realm.issuer : `${sidecarUrl.replace(/\/+$/, '')}${realm.base}`
  return {
    jwksUrl: `${reached}/jwks`,
    issuer: realm.issuer,
    outage,
    requirePhone: requirePhone === true,
    allowCiba: allowCiba === true,
    force: force === true,
  }
}

async function closing(
  admin: KcAdminClient,
  realm: Realm,
  plan: Plan,
  { count }: SetupOptions,
): Promise<void> {
  list('Without a guard of its own:', plan.open)
  list('Note:', plan.notes)
  const { holders, looked, users } = await countSecondFactors(admin, realm.name, Number(count))
  const kinds = Object.entries(holders).map(([kind, number]) => `${number} with ${kind}`)
  const among = looked < users ? ` (among the first ${looked} of ${users} users)` : ''
  if (kinds.length > 0) {
    list("Keycloak's own second factors stay, and are asked for before Latchkey's:", [
      `${kinds.join(', ')}${among}`,
    ])
    if (KINDS.otp in holders) say('latchkey import moves the apps in; docs/moving-in.md tells how.')
  }
}

async function undo(admin: KcAdminClient, realm: Realm, { dryRun }: SetupOptions): Promise<void> {
  const found = await readRealm(admin, realm.name)
  if (found.memory === undefined) {
    say(`Nothing to undo: the realm ${realm.name} remembers no setup.`)
    return
  }
  const { steps, left } =
    dryRun === true ? planUndo(found) : await takeBack(admin, realm.name, (sentence) => say(`- ${sentence}`))
  if (dryRun === true)
    list(
      `What --undo would do in the realm ${realm.name}:`,
      steps.map(({ sentence }) => sentence),
    )
  else say(`The realm ${realm.name} is as setup found it${left.length > 0 ? ', but for what is left' : ''}.`)
  list('Left, since somebody changed it:', left)
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  say(title)
  for (const line of lines) say(`- ${line}`)
}
