import { z } from 'zod'
import { inFours, newWrittenCode, readWrittenCode } from '../../core/login/written-code.ts'
import type { Account, Method, MethodContext } from '../../core/method.ts'

const stored = z.object({ keyId: z.string(), left: z.array(z.string()) })
const pending = z.object({ codes: z.array(z.string()), credential: stored })

/** One set of backup codes: a keyed hash of each that is unused, and the key's id (R4). */
type BackupCodes = z.infer<typeof stored>
type Pending = z.infer<typeof pending>

/** Single-use codes of 80 bits each, a set that stands only beside another method (S18). */
export const backupCodes: Method<BackupCodes, Pending> = {
  id: 'backup-codes',
  level: 2,
  companion: true,
  single: true,
  hashed: true,

  read: (json) => stored.parse(json),

  beginEnrolment(account, context) {
    const codes = Array.from({ length: context.settings.backupCodes }, () =>
      newWrittenCode((bytes) => context.random(bytes)),
    )
    const [first = '', ...others] = codes
    const { keyId, value } = hash(account, first, context)
    const left = [value, ...others.map((code) => hash(account, code, context, keyId).value)]
    return { keep: { codes, credential: { keyId, left } } }
  },

  showEnrolment: (state) => ({ kind: 'backup-codes', codes: pending.parse(state).codes.map(inFours) }),

  finishEnrolment: (state, answer) =>
    answer === 'on'
      ? { ok: true, credential: pending.parse(state).credential }
      : { ok: false, error: 'missing' },

  showChallenge: ({ left }) => ({ kind: 'backup-codes', left: left.length }),

  finishChallenge(credential, _state, answer, account, context) {
    const code = readWrittenCode(answer)
    if (code === undefined) return { ok: false, error: 'missing' }
    const { value } = hash(account, code, context, credential.keyId)
    if (!credential.left.includes(value)) return { ok: false, error: 'wrong' }
    return {
      ok: true,
      credential: { ...credential, left: credential.left.filter((other) => other !== value) },
    }
  },
}

function hash({ realm, userId }: Account, code: string, context: MethodContext, keyId?: string) {
  return context.mac(JSON.stringify(['backup-code', realm, userId, code]), keyId)
}
