import { setTimeout as pause } from 'node:timers/promises'
import { ScriptError } from './run.ts'

const METRIC = 'latchkey_sync_last_completed_timestamp_seconds'
const SECONDS = 60

/**
 * Waits until the sidecar's worker has read the realm's users and groups once: before that, nothing that stands in the
 * attributes of groups is in force.
 *
 * @param metrics the address of the sidecar's metrics
 * @param logFile named where it does not come
 * @throws ScriptError after a minute
 */
export async function firstSync(metrics: string, realm: string, logFile: string): Promise<void> {
  const deadline = Date.now() + SECONDS * 1000
  while (!hasSynced(await read(metrics), realm)) {
    if (Date.now() > deadline) {
      throw new ScriptError(
        `The sidecar did not get through the realm's users and groups within ${SECONDS} s, so their groups' rules are not in force. ${logFile} says why; "npm run reset" starts over.`,
      )
    }
    await pause(200)
  }
}

async function read(address: string): Promise<string> {
  const response = await fetch(address, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  return (await response?.text()) ?? ''
}

/** Whether metrics, in Prometheus' text format, say that a pass of this realm went through. */
export function hasSynced(metrics: string, realm: string): boolean {
  const line = metrics
    .split('\n')
    .find((one) => one.startsWith(`${METRIC}{`) && one.includes(`realm="${realm}"`))
  return Number(line?.split(' ').at(-1) ?? 0) > 0
}
