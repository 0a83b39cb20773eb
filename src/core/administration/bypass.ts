import { hashBypass } from '../login/help-desk.ts'
import type { Kit } from '../login/step.ts'
import { newWrittenCode } from '../login/written-code.ts'
import type { AdminChange, UserRecord } from './administration.ts'
import { entryBy } from './changes.ts'
import type { By } from './changes.ts'

/**
 * Gives a user who lost their factor a one-time code (R29), in place of an earlier one. `code` is for the giver, once:
 * only its keyed hash is in the change.
 * @param seconds how long it is good
 */
export function giveBypass(
  realm: string,
  { user }: UserRecord,
  { reason, seconds, ...by }: By & { reason: string; seconds: number },
  kit: Pick<Kit, 'mac' | 'random'>,
): { change: AdminChange; code: string; expiresAt: number } {
  const code = newWrittenCode(kit.random)
  const expiresAt = by.at + seconds * 1000
  const given = {
    id: kit.random(16).toString('base64url'),
    ...hashBypass({ realm, userId: user.id }, code, kit),
    expiresAt,
    by: by.actor,
    at: by.at,
    reason,
  }
  const detail = { reason, until: expiresAt }
  const audit = [entryBy(by, { event: 'bypass.given', realm, userId: user.id, detail })]
  return { change: { realm, bypass: { userId: user.id, given }, audit }, code, expiresAt }
}

/** Takes a code of the help desk back that nobody used. */
export function takeBypassBack(realm: string, { user }: UserRecord, by: By): AdminChange {
  return {
    realm,
    bypass: { userId: user.id, given: undefined },
    audit: [entryBy(by, { event: 'bypass.taken-back', realm, userId: user.id, detail: {} })],
  }
}
