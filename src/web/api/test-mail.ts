import type { z } from 'zod'
import { entryBy } from '../../core/administration/changes.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import type { mailTestBody, testAnswer } from './test-schemas.ts'

/** Sends a message by the realm's mail server as it is set now, and says what became of it (S16). */
export async function testMail(
  call: Call<unknown, unknown, z.output<typeof mailTestBody>>,
): Promise<Answer<z.input<typeof testAnswer>>> {
  const { context, realm, policy, body, by } = call
  if (policy.settings.mail === undefined) {
    throw new Problem('no-mail-server', 'the realm has no mail server: set `mail` in its settings first')
  }
  const mail = context.mail.writer.test({ to: body.to, locale: undefined, realmDisplayName: realm.name })
  const mailed = await context.mail.send(realm.name, policy.settings, mail)
  const why = mailed.result === 'sent' ? null : mailed.why
  await context.admin.commit({
    realm: realm.name,
    audit: [entryBy(by, { event: 'mail.tested', realm: realm.name, detail: { result: mailed.result, why } })],
  })
  return { body: { result: mailed.result, why } }
}
