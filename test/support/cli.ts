import { execFile } from 'node:child_process'
import type { EncryptionKey } from '../../src/adapters/secrets/sealer.ts'

/** How a command ended, and what it said. */
export interface CommandResult {
  code: number
  out: string
  err: string
}

/** Runs `latchkey` as a process of its own, beside a database. */
export async function latchkey(
  { dbUrl, keys, realm = 'demo' }: { dbUrl: string; keys: readonly EncryptionKey[]; realm?: string },
  ...args: string[]
): Promise<CommandResult> {
  const env = {
    PATH: process.env['PATH'],
    LATCHKEY_HOSTNAME: 'http://localhost:8090',
    LATCHKEY_KEYCLOAK_URL: 'http://localhost:8080',
    LATCHKEY_REALMS: realm,
    LATCHKEY_DB_URL: dbUrl,
    LATCHKEY_ENCRYPTION_KEYS: keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(','),
  }
  return await new Promise((resolve) => {
    execFile(process.execPath, ['src/cli.ts', ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}
