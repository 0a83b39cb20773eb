import type { Method, Registry } from '../core/method.ts'
import { backupCodes } from './backup-codes/backup-codes.ts'
import { passkey } from './passkey/passkey.ts'
import { email } from './sent-code/email.ts'
import { sms } from './sent-code/sms.ts'
import { totp } from './totp/totp.ts'

/** Every method that Latchkey knows. A new one is a folder beside these and a line here. */
export const registry: Registry = new Map(
  [totp, passkey, sms, email, backupCodes].map((method) => [method.id, method as Method]),
)
