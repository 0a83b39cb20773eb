import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from './paths.ts'

const enforcement = z.enum(['required', 'optional', 'disabled'])

const demoPolicy = z.strictObject({
  default: enforcement,
  rules: z.array(z.strictObject({ group: z.uuid(), enforcement, methods: z.array(z.string()).optional() })),
})

/** The trial's policy as `provider-config/realm/demo-policy.json` holds it. */
export type DemoPolicy = z.infer<typeof demoPolicy>

/** Where to seed it. */
export interface SeedTarget {
  /** As in `LATCHKEY_DB_URL`. */
  dbUrl: string
  /** As in `LATCHKEY_ENCRYPTION_KEYS`: `<id>:<base64 of 32 bytes>`. */
  encryptionKeys: string
  realm: string
}

/** Writes the demo realm's policy into the sidecar's database, before the sidecar's first start. */
export async function seedDemoPolicy(target: SeedTarget): Promise<void> {
  const file = join(root, 'provider-config/realm/demo-policy.json')
  await seedPolicy(target, demoPolicy.parse(JSON.parse(await readFile(file, 'utf8'))))
}

// Filled in by the owner of src: today there is no store to write to, so the sidecar starts with its own default.
function seedPolicy(_target: SeedTarget, _policy: DemoPolicy): Promise<void> {
  return Promise.resolve()
}
