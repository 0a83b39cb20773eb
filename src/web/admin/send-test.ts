import { z } from 'zod'
import { allow } from '../api/authorize.ts'
import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import { faultsOf } from './faults.ts'
import { whenOf } from './visit.ts'
import type { Outcome, Page, Visit } from './visit.ts'

type TestView = Extract<AdminView, { page: 'test' }>

/** A kind of message that is sent to try a realm's settings out. */
interface Kind {
  about: TestView['about']
  ask: 'testMail' | 'testSms'
  event: 'mail.tested' | 'sms.tested'
}

export const MAIL_TEST: Kind = { about: 'mail', ask: 'testMail', event: 'mail.tested' }
export const SMS_TEST: Kind = { about: 'sms', ask: 'testSms', event: 'sms.tested' }

const tested = z.object({ result: z.enum(['sent', 'failed', 'refused']), why: z.string().nullish() })

/** `GET /settings/…-test`: what the last test came to, and a form for another. */
export function showTest(kind: Kind): Page {
  return async (visit) => {
    allow('administrator', visit.caller)
    return { view: await testView(visit, kind) }
  }
}

/** `POST /settings/…-test`: sends one, and goes on to the page that says what became of it. */
export function sendTest(kind: Kind): Page {
  return async (visit: Visit): Promise<Outcome> => {
    const to = visit.form.get('recipient')?.trim() ?? ''
    const wrong = (error: string): Outcome => ({
      status: 400,
      view: { ...blankView(visit, kind), recipient: to, error, wrong: true },
    })
    try {
      const fields = [{ name: 'to', sentence: '', unit: undefined, kind: { kind: 'text' as const } }]
      const faults = await faultsOf(
        visit,
        fields,
        async () => await visit.api.ask(kind.ask, { body: { to } }),
      )
      const fault = faults?.get('to')
      if (fault !== undefined) return wrong(fault)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'limited') throw error
      return wrong(visit.say('test.limited'))
    }
    return { to: visit.at(`/settings/${kind.about}-test`) }
  }
}

/** With what the newest test came to. */
async function testView(visit: Visit, kind: Kind): Promise<TestView> {
  const { body } = await visit.api.ask('listAudit', { query: { event: kind.event, max: '1' } })
  const [entry] = body.entries
  const detail = tested.safeParse(entry?.detail)
  if (entry === undefined || !detail.success) return blankView(visit, kind)
  const user = await visit.context.admin.user(visit.realm.name, entry.actor)
  const { result, why } = detail.data
  const last = {
    result,
    ...(typeof why === 'string' ? { why } : {}),
    at: whenOf(visit, entry.at),
    by: user?.user.username ?? visit.term('actor', entry.actor),
  }
  return { ...blankView(visit, kind), last }
}

function blankView({ at, policy, say, term }: Visit, { about }: Kind): TestView {
  const { mail, smsProvider, smsTwilio, smsWebhook } = policy.settings
  const sender = {
    operator: say('test.byOperator'),
    twilio: say('test.byTwilio', smsTwilio?.from ?? ''),
    webhook: say('test.byWebhook', smsWebhook ?? ''),
  }[smsProvider]
  const way =
    about === 'sms'
      ? sender
      : mail === undefined
        ? say('nothing')
        : say('test.byServer', mail.host, String(mail.port), term('choice', mail.security), mail.from)
  return {
    page: 'test',
    about,
    recipient: '',
    way,
    action: at(`/settings/${about}-test`),
    cancelUrl: `${at('/settings')}#group-${about}`,
  }
}
