import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { openDatabase } from '../adapters/store/database.ts'
import { createPolicyStore } from '../adapters/store/policy-store.ts'
import { readConfig } from '../config.ts'
import type { Rule } from '../core/policy.ts'
import { realmSettings } from '../core/settings.ts'
import type { RealmSettings } from '../core/settings.ts'
import { registry } from '../methods/index.ts'
import { chooseRealm } from './target.ts'

const methods = z
  .array(z.string().refine((id) => registry.has(id), 'must be one of the methods'))
  .refine(
    (ids) => ids.some((id) => registry.get(id)?.companion === false),
    'must have one beside backup codes',
  )

const policyFile = z.strictObject({
  settings: z.strictObject(realmSettings.shape).extend({ methods: methods.optional() }).partial().default({}),
  rules: z
    .array(
      z.strictObject({
        group: z.string().min(1),
        enforcement: realmSettings.shape.enforcement.unwrap(),
        methods: methods.optional(),
        priority: z.int().default(0),
      }),
    )
    .default([]),
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
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new Error(`the policy is not usable:\n- ${faults.join('\n- ')}`)
  }
  const { settings, rules } = parsed.data
  return {
    settings: JSON.parse(JSON.stringify(settings)) as Partial<RealmSettings>,
    rules: rules.map(({ group, methods: allowed, ...rule }) => ({
      ...rule,
      groupId: group,
      ...(allowed === undefined ? {} : { methods: allowed }),
    })),
  }
}

/** Puts a policy in the place of the realm's; in force at the next login. @returns a sentence that says what is */
export async function setPolicy(dbUrl: string, realm: string, { settings, rules }: Policy): Promise<string> {
  const database = await openDatabase(dbUrl)
  try {
    await createPolicyStore(database).replace(realm, settings, rules)
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
