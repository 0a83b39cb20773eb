import type { Shown } from '../../core/method.ts'
import { pauseEnd } from '../../core/login/sending.ts'
import type { Kit } from '../../core/login/step.ts'
import type { Situation } from '../../core/login/transaction.ts'
import type { SendError } from '../render/view.ts'
import type { Opened } from './open.ts'

/** Where the newest code went, masked, and how long it is. */
export function sentTo(
  { to, digits }: Shown & { kind: 'sent-code' },
  { settings }: Situation,
): { destination: string; digits: number } {
  return { destination: to, digits: digits ?? settings.codeLength }
}

/** Where another message is asked for, and in how many seconds it can be. */
export function resend(
  { situation, path }: Opened,
  kit: Kit,
): { resendAction: string; resendSeconds: number } {
  const wait = pauseEnd(situation.transaction.stage, situation.settings.resendSeconds) - kit.now
  return { resendAction: `${path}/send`, resendSeconds: Math.max(0, Math.ceil(wait / 1000)) }
}

/** Why no message was sent, by what the address says of it; `until` is epoch milliseconds. */
export function sendError(
  { send, until, sendError: begun }: { send: unknown; until: number; sendError?: SendError | undefined },
  now: number,
): { sendError?: SendError } {
  if (begun !== undefined) return { sendError: begun }
  if (send === 'failed') return { sendError: { reason: 'failed' } }
  const seconds = Math.ceil((until - now) / 1000)
  return send === 'limited' && seconds > 0 && Number.isFinite(seconds)
    ? { sendError: { reason: 'limited', seconds } }
    : {}
}
