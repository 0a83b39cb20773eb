import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

/** The parameters of Keycloak's own OTP, as `credentialData` has them. */
export interface OtpData {
  subType?: string
  digits?: number
  period?: number
  algorithm?: string
  secretEncoding?: string
}

/** A credential of Keycloak's own OTP, in the form of an export. */
export function otpOf(id: string, value: string, change: OtpData = {}): Record<string, unknown> {
  const data = { subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1', ...change }
  return {
    id,
    type: 'otp',
    userLabel: 'My phone',
    createdDate: 1_700_000_000_000,
    secretData: JSON.stringify({ value }),
    credentialData: JSON.stringify(data),
  }
}

/** A password as an export has it: what shows that an export is a whole one. */
export const PASSWORD = { id: 'pw', type: 'password', secretData: '{"value":"x"}', credentialData: '{}' }

/** Writes an export of so many users with an app each. */
export async function writeBigExport(path: string, realm: string, users: number): Promise<void> {
  const file = createWriteStream(path)
  const write = async (text: string) => {
    if (!file.write(text)) await once(file, 'drain')
  }
  await write(`{"id":"r","realm":${JSON.stringify(realm)},"clients":[{"clientId":"a"}],"users":[`)
  for (let i = 0; i < users; i++) {
    const user = {
      id: `u-${i}`,
      username: `user-${i}`,
      email: `user-${i}@example.com`,
      attributes: { department: ['x'.repeat(200)] },
      credentials: [PASSWORD, otpOf(`c-${i}`, 'abcdefghij0123456789')],
    }
    await write(`${i === 0 ? '' : ','}${JSON.stringify(user)}`)
  }
  file.end(']}')
  await once(file, 'finish')
}
