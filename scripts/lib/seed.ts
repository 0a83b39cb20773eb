import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { realmSettings } from '../../src/core/settings.ts'
import { root } from './paths.ts'

const levels = z.enum(['required', 'optional', 'disabled'])

const demoPolicy = z.strictObject({
  settings: z.record(z.string(), z.unknown()).transform((given) => realmSettings.parse(given)),
  rules: z.array(
    z.strictObject({ group: z.uuid(), enforcement: levels, methods: z.array(z.string()).optional() }),
  ),
})

/** The trial's policy as `provider-config/realm/demo-policy.json` holds it. */
export type DemoPolicy = z.infer<typeof demoPolicy>

/** Where to seed it. */
export interface SeedTarget {
  /** As in `LATCHKEY_DB_URL`. */
  dbUrl: string
  realm: string
}

/** Writes the demo realm's policy into the sidecar's database, before the sidecar's first start. */
export async function seedDemoPolicy(target: SeedTarget): Promise<void> {
  const file = join(root, 'provider-config/realm/demo-policy.json')
  await seedPolicy(target, demoPolicy.parse(JSON.parse(await readFile(file, 'utf8'))))
}

async function seedPolicy({ dbUrl, realm }: SeedTarget, policy: DemoPolicy): Promise<void> {
  const database = await openDatabase(dbUrl)
  try {
    const store = createPolicyStore(database)
    await store.saveSettings(realm, policy.settings)
    for (const { group: groupId, enforcement, methods } of policy.rules) {
      await store.saveRule(realm, {
        groupId,
        enforcement,
        priority: 0,
        ...(methods === undefined ? {} : { methods }),
      })
    }
  } finally {
    await database.close()
  }
}
