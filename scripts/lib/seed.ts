import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPolicy, setPolicy } from '../../src/cli/policy.ts'
import { root } from './paths.ts'

/** Where to seed the trial's policy. */
export interface SeedTarget {
  /** As in `LATCHKEY_DB_URL`. */
  dbUrl: string
  realm: string
}

/** Writes the demo realm's policy into the sidecar's database, before the sidecar's first start. */
export async function seedDemoPolicy({ dbUrl, realm }: SeedTarget): Promise<void> {
  const text = await readFile(join(root, 'provider-config/realm/demo-policy.json'), 'utf8')
  await setPolicy(dbUrl, realm, readPolicy(text))
}
