import { z } from 'zod'
import type { UserRecord } from '../../core/administration/administration.ts'
import { giveBypass as giveOf } from '../../core/administration/bypass.ts'
import { inFours } from '../../core/login/written-code.ts'
import { noticesOf } from '../../core/notices/notices.ts'
import type { Outgoing } from '../../core/notices/outbox.ts'
import type { Answer, Call } from './endpoint.ts'
import { iso, moment, text } from './fields.ts'
import { Problem } from './problem.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'

export const bypassBody = z.strictObject({
  reason: text(500, 'Why it is needed, and how you made sure who asks; for the audit.')
    .trim()
    .min(1, 'must not be empty'),
})

export const bypassAnswer = z.strictObject({
  code: z.string().meta({ description: 'Shown once: nothing has it afterwards.' }),
  until: moment,
})

/**
 * Gives a one-time code to a user who lost their factor (R29). The user is told who gave it, by mail or by a text
 * message.
 */
export async function giveBypass(
  call: Call<OfUser, unknown, z.output<typeof bypassBody>>,
): Promise<Answer<z.input<typeof bypassAnswer>>> {
  const { context, realm, policy, body, by } = call
  const { bypassSeconds: seconds } = policy.settings
  if (seconds === 0) throw new Problem('bypass-off', 'no codes are given while bypassSeconds is 0')
  const { code, expiresAt } = await act(call, async (record) => {
    const kit = context.kit()
    if (record.methods.every(({ method }) => kit.registry.get(method)?.companion === true)) {
      throw new Problem('no-method', 'there is nothing to go round: the next login leads to a first set-up')
    }
    const given = giveOf(realm.name, record, { ...by, reason: body.reason, seconds }, kit)
    return { change: { ...given.change, notices: await told(call, record) }, result: given }
  })
  return { body: { code: inFours(code), until: iso(expiresAt) } }
}

/** A text message goes to the number that the user proved, which is read for that alone. */
async function told(call: Call<OfUser>, { user }: UserRecord): Promise<Outgoing[]> {
  const { context, realm, by } = call
  const kit = context.kit()
  const { settings, credentials, attempts } = await context.store.background(realm.name, user.id, '')
  const { id: userId, username, email } = user
  const account = {
    realm: realm.name,
    userId,
    username,
    issuer: realm.name,
    ...(email === undefined ? {} : { email }),
  }
  const transaction = { account, question: { locale: undefined, realmDisplayName: realm.name } }
  const giver = await nameOf(call)
  return noticesOf({ settings, credentials, attempts, transaction }, 'bypass-given', kit).map((message) => ({
    ...message,
    notice: { ...message.notice, by: giver, at: by.at },
  }))
}

async function nameOf({ context, realm, caller, directory }: Call): Promise<string> {
  const known = await context.admin.user(realm.name, caller.userId)
  if (known !== undefined) return known.user.username
  // The name is for the notice alone: no reason to fail.
  const live = await directory.user(caller.userId).catch(() => undefined)
  return live?.username ?? caller.userId
}
