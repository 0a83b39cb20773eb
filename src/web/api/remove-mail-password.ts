import type { Answer, Call } from './endpoint.ts'
import { setMailPassword } from './save-mail-password.ts'

export async function removeMailPassword(call: Call): Promise<Answer<undefined>> {
  return await setMailPassword(call, undefined)
}
