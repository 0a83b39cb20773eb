import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './lock.ts'
import { workFolder } from './paths.ts'
import { ScriptError } from './run.ts'

const folder = join(workFolder, 'trial')

/** Where the trial keeps what it keeps. */
export const trialFiles = {
  folder,
  keycloakData: join(folder, 'keycloak'),
  keycloakLog: join(folder, 'keycloak.log'),
  sidecarData: join(folder, 'latchkey.sqlite'),
  sidecarLog: join(folder, 'latchkey.log'),
  encryptionKeys: join(folder, 'encryption-keys'),
  /** There once the policy was seeded: what an administrator changes afterwards stays. */
  seeded: join(folder, 'seeded'),
  pid: join(folder, 'pid'),
}

/** The id of the process that runs the trial, if one does. */
export function runningTrial(): number | undefined {
  if (!existsSync(trialFiles.pid)) return undefined
  const pid = Number(readFileSync(trialFiles.pid, 'utf8'))
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined
}

/**
 * Marks this process as the one that runs the trial, until it exits.
 *
 * @throws ScriptError when another one runs
 */
export function claimTrial(): void {
  const other = runningTrial()
  if (other !== undefined) throw new ScriptError(`A trial runs already (process ${other}).`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(trialFiles.pid, String(process.pid))
  process.once('exit', () => rmSync(trialFiles.pid, { force: true }))
}

/** Makes the key that the sidecar encrypts with, once; only its owner can read the file. Gives its content. */
export function ensureEncryptionKeys(): string {
  if (!existsSync(trialFiles.encryptionKeys)) {
    const content = `trial:${randomBytes(32).toString('base64')}`
    writeFileSync(trialFiles.encryptionKeys, content, { mode: 0o600 })
  }
  return readFileSync(trialFiles.encryptionKeys, 'utf8')
}

/**
 * Removes everything that the trial keeps.
 *
 * @throws ScriptError while a trial runs
 */
export function resetTrial(): void {
  const pid = runningTrial()
  if (pid !== undefined) {
    throw new ScriptError(`A trial runs (process ${pid}): stop it with Ctrl-C first.`)
  }
  rmSync(folder, { recursive: true, force: true })
}
