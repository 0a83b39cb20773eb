import type { z } from 'zod'
import { entryBy } from '../../core/administration/changes.ts'
import type { Answer, Call } from './endpoint.ts'
import type { passwordBody } from './mail-schemas.ts'

/** Sets the password of the realm's mail server; it is sealed, and nothing shows it again. */
export async function saveMailPassword(
  call: Call<unknown, unknown, z.output<typeof passwordBody>>,
): Promise<Answer<undefined>> {
  return await setMailPassword(call, call.body.password)
}

/** @param value undefined takes it away */
export async function setMailPassword(
  { context, realm, by }: Call,
  value: string | undefined,
): Promise<Answer<undefined>> {
  const detail = { name: 'mail-password', set: value !== undefined }
  await context.admin.commit({
    realm: realm.name,
    secret: { name: 'mail-password', value },
    audit: [entryBy(by, { event: 'secret.changed', realm: realm.name, detail })],
  })
  return { body: undefined }
}
