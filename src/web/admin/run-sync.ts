import { allow } from '../api/authorize.ts'
import { confirmation } from './confirmation.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /sync/confirm`: what the pass that waits would drop. */
export async function confirmSync({ api, at, caller }: Visit): Promise<Outcome> {
  const { body } = await api.ask('showSync')
  // Somebody was faster.
  if (body.asks === null) return { to: at('/sync') }
  allow('administrator', caller)
  const { pass, users, rules } = body.asks
  const view = confirmation(
    { at },
    {
      act: 'sync',
      subject: String(users),
      detail: String(rules.length),
      listed: rules.map(({ path }) => path),
      hidden: [{ name: 'confirm', value: String(pass) }],
      own: '/sync',
      below: '/confirm',
    },
  )
  return { view }
}

/** `POST /sync/confirm`: lets the pass that waits drop what it would drop. */
export async function confirmDrops({ api, at, form }: Visit): Promise<Outcome> {
  await api.ask('runSync', { body: { confirm: Number(form.get('confirm') ?? '') } })
  return { to: at('/sync', { done: 'sync-confirmed' }) }
}

/** `POST /sync/run`: asks for a full pass. */
export async function runSync({ api, at }: Visit): Promise<Outcome> {
  await api.ask('runSync')
  return { to: at('/sync', { done: 'sync-asked' }) }
}

/** `GET /sync/run`: where a challenge comes back to. */
export async function leadToSync({ at }: Visit): Promise<Outcome> {
  return { to: at('/sync') }
}
