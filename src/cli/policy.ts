import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { createAdminStore } from '../adapters/store/admin-store.ts'
import { openDatabase } from '../adapters/store/database.ts'
import { readConfig } from '../config.ts'
import { companionsOf } from '../core/administration/acts.ts'
import { COMMAND_LINE } from '../core/audit/audit.ts'
import { replacePolicy } from '../core/administration/changes.ts'
import { policyInput } from '../core/administration/policy-input.ts'
import type { RuleBody } from '../core/administration/policy-input.ts'
import type { Rule } from '../core/policy/policy.ts'
import { realmSettings } from '../core/settings.ts'
import type { RealmSettings } from '../core/settings.ts'
import { registry } from '../methods/index.ts'
import { chooseRealm } from './target.ts'

const input = policyInput(registry)
const policyFile = z.strictObject({
  settings: input.settings.default({}),
  rules: z.array(ruleOfGroup(input.rule)).default([]),
})

/** A realm's whole policy, as a file holds it. */
interface Policy {
  settings: Partial<RealmSettings>
  rules: Rule[]
}

/**
 * Reads a policy from JSON: `settings` of the realm, and `rules`, each of a group's id in Keycloak.
 * @throws Error that names what is wrong, and where
 */
export function readPolicy(text: string): Policy {
  const parsed = policyFile.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(`the policy is not usable:\n- ${faults.join('\n- ')}`)
}

/** A rule as a file has it: the group's id stands beside what the rule says. */
function ruleOfGroup(body: z.ZodType<RuleBody>): z.ZodType<Rule> {
  return z
    .looseObject({ group: z.string().min(1).max(64) })
    .transform(({ group, ...said }, context): Rule => {
      const parsed = body.safeParse(said)
      if (parsed.success) return { ...parsed.data, groupId: group }
      for (const { path, message } of parsed.error.issues) {
        context.addIssue({ code: 'custom', path, message })
      }
      return z.NEVER
    })
}

/**
 * Puts a policy in the place of the realm's; in force at the next login.
 * @returns a sentence that says what is
 * @throws Error where a group's rule is kept in Keycloak, or somebody else changes the policy at the same time
 */
export async function setPolicy(dbUrl: string, realm: string, { settings, rules }: Policy): Promise<string> {
  const database = await openDatabase(dbUrl)
  try {
    const store = createAdminStore(database, { companions: companionsOf(registry), clock: Date.now })
    const [before, groups] = [await store.policy(realm), await store.groups(realm)]
    const kept = before.rules.filter(({ origin }) => origin === 'attribute').map(({ groupId }) => groupId)
    const clash = rules.find(({ groupId }) => kept.includes(groupId))
    if (clash !== undefined) {
      throw new Error(
        `the rule of the group ${clash.groupId} is kept in Keycloak: edit it there, in the group's attributes`,
      )
    }
    const by = { actor: COMMAND_LINE, at: Date.now() }
    const paths = new Map(groups.map(({ id, path }) => [id, path]))
    const change = replacePolicy(realm, before, { settings, rules }, by, paths)
    if (change !== undefined && (await store.commit(change)) !== 'written') {
      throw new Error('the policy was changed by somebody else at the same time: run the command again')
    }
  } finally {
    await database.close()
  }
  const { enforcement, methods: allowed } = realmSettings.parse(settings)
  const groups = rules.length === 1 ? 'one group' : `${rules.length} groups`
  return `Realm ${realm}: ${enforcement} for everybody, another rule for ${groups}; allowed: ${allowed.join(', ')}.`
}

/** `latchkey policy <file>` */
export function policyCommand(command: Command): void {
  command
    .description("put a policy, a JSON file, in the place of the realm's")
    .argument('<file>', 'settings of the realm, and rules for its groups')
    .option('--realm <name>', 'the realm; may be left out where LATCHKEY_REALMS has one')
    .action(async (file: string, options: { realm?: string }) => {
      const config = readConfig(process.env)
      const { name } = chooseRealm(config, options.realm)
      process.stdout.write(`${await setPolicy(config.dbUrl, name, readPolicy(readFileSync(file, 'utf8')))}\n`)
    })
}
