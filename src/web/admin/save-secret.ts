import { SECRET_NAMES } from '../../core/administration/administration.ts'
import type { SecretName } from '../../core/administration/administration.ts'
import { allow } from '../api/authorize.ts'
import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import { confirmation } from './confirmation.ts'
import { SECRETS } from './delivery.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /settings/secrets/{name}`: a field that is always empty. */
export async function showSecret(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  return { view: await secretView(visit, secretOf(visit)) }
}

/** `POST /settings/secrets/{name}`. */
export async function saveSecret(visit: Visit): Promise<Outcome> {
  const name = secretOf(visit)
  const { save, field, group } = SECRETS[name]
  try {
    await visit.api.ask(save, { body: { [field]: visit.form.get('secret') ?? '' } })
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'bad-request') throw error
    return { status: 400, view: { ...(await secretView(visit, name)), wrong: true } }
  }
  return { to: `${visit.at('/settings', { done: 'secret-saved' })}#group-${group}` }
}

/** `GET /settings/secrets/{name}/remove` */
export async function confirmSecretRemoval(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  const name = secretOf(visit)
  const own = `/settings/secrets/${name}`
  const { body } = await visit.api.ask('listSecrets')
  // Somebody was faster.
  if (!body.set.includes(name)) return { to: visit.at(own) }
  const view = confirmation(visit, {
    act: 'secret',
    subject: visit.term('secret', name),
    own,
    below: '/remove',
  })
  return { view }
}

/** `POST /settings/secrets/{name}/remove` */
export async function removeSecret(visit: Visit): Promise<Outcome> {
  const name = secretOf(visit)
  await visit.api.ask(SECRETS[name].remove)
  return { to: `${visit.at('/settings', { done: 'secret-removed' })}#group-${SECRETS[name].group}` }
}

async function secretView(
  { api, at, term }: Visit,
  name: SecretName,
): Promise<Extract<AdminView, { page: 'secret' }>> {
  const { body } = await api.ask('listSecrets')
  const isSet = body.set.includes(name)
  return {
    page: 'secret',
    name,
    subject: term('secret', name),
    isSet,
    action: at(`/settings/secrets/${name}`),
    ...(isSet ? { removeUrl: at(`/settings/secrets/${name}/remove`) } : {}),
    cancelUrl: `${at('/settings')}#group-${SECRETS[name].group}`,
  }
}

/** @throws Problem not-found */
function secretOf({ params }: Visit): SecretName {
  const name = SECRET_NAMES.find((one) => one === params['name'])
  if (name === undefined) throw new Problem('not-found', 'there is no such secret')
  return name
}
