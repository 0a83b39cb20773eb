import type { KcAdminClient } from '../admin-session.ts'
import { applyApiToken } from './apply-api-client.ts'
import { applyClient, applyServiceRole } from './apply-client.ts'
import { applyFlow } from './apply-flow.ts'
import { ensureMapper, ensureScope } from './apply-mapper.ts'
import { readActions, readRealm } from './found.ts'
import type { Found } from './found.ts'
import type { RealmRepresentation } from './representations.ts'
import { remember } from './memory.ts'
import { MEMORY } from './names.ts'
import { plan } from './plan.ts'
import type { Plan, Step, Wanted } from './step.ts'

/** Told of each step before it is made. */
export type Progress = (sentence: string) => void

/** The realm can't be set up as it is: one reason a line. */
export class SetupRefused extends Error {}

/**
 * Sets a realm up. What was found is written into the realm before the first change, so that an interrupted run can
 * be finished by another one, and taken back.
 * @returns the plan that was carried out; without steps where nothing was to be done
 * @throws SetupRefused before any change
 */
export async function setUp(
  admin: KcAdminClient,
  realm: string,
  wanted: Wanted,
  progress: Progress = () => undefined,
): Promise<Plan> {
  const found = await readRealm(admin, realm)
  const made = plan(found, wanted)
  if (made.refusals.length > 0) throw new SetupRefused(made.refusals.join('\n'))
  if (made.steps.length === 0) return made
  const undo = made.steps.flatMap((step) => step.undo ?? [])
  await setAttribute(admin, realm, MEMORY, JSON.stringify(remember(found.memory, undo)))
  for (const step of made.steps) {
    progress(step.sentence)
    await apply(admin, found, step).catch((cause: unknown) => {
      const again = 'Run setup again to finish, or setup --undo to go back.'
      throw new Error(`Keycloak refused to ${step.sentence} (${String(cause)}). ${again}`, { cause })
    })
  }
  return made
}

async function apply(admin: KcAdminClient, found: Found, step: Step): Promise<void> {
  const { realm } = found.realm
  switch (step.kind) {
    case 'role':
      await admin.roles.create({ realm, name: step.name, description: step.description })
      return
    case 'client':
      await applyClient(admin, realm, step.client)
      return
    case 'service-role':
      await applyServiceRole(admin, realm, step)
      return
    case 'api-token':
      await applyApiToken(admin, realm, step)
      return
    case 'profile': {
      const profile = await admin.users.getProfile({ realm })
      const attributes = [...(profile.attributes ?? [])]
      const at = attributes.findIndex(({ name }) => name === step.attribute.name)
      attributes.splice(at === -1 ? attributes.length : at, 1, step.attribute)
      await admin.users.updateProfile({ ...profile, attributes, realm })
      return
    }
    case 'action':
      await applyAction(admin, realm, step)
      return
    case 'realm':
      await changeRealm(admin, realm, () => step.change)
      return
    case 'attribute':
      await setAttribute(admin, realm, step.name, step.value)
      return
    case 'text':
      await admin.realms.addLocalization({ realm, selectedLocale: step.locale, key: step.key }, step.value)
      return
    case 'scope':
      await ensureScope(admin, realm, step.name)
      return
    case 'mapper':
      await ensureMapper(admin, realm, step.scope)
      return
    case 'bind':
      await changeRealm(admin, realm, () => ({ [step.field]: step.flow }))
      return
    case 'bind-broker':
      await bindBroker(admin, realm, step.provider, step.flow)
      return
    case 'copy-flow':
    case 'create-flow':
    case 'guard':
      await applyFlow(admin, realm, step)
  }
}

async function applyAction(
  admin: KcAdminClient,
  realm: string,
  { name, label, register, enabled, priority }: Step & { kind: 'action' },
): Promise<void> {
  const actions = admin.authenticationManagement
  if (register) await actions.registerRequiredAction({ realm, providerId: name, name: label })
  const now = (await readActions(admin, realm)).find(({ alias }) => alias === name)
  await actions.updateRequiredAction({ realm, alias: name }, { ...now, enabled, priority })
}

/** Sends what changes and no more: a representation written back whole turns Keycloak's defaults into settings. */
export async function changeRealm(
  admin: KcAdminClient,
  realm: string,
  change: (now: RealmRepresentation) => Partial<RealmRepresentation>,
): Promise<void> {
  const now = await admin.realms.findOne({ realm })
  if (now === undefined) throw new Error(`Keycloak has no realm "${realm}" any more`)
  await admin.realms.update({ realm }, change(now))
}

/** Sets one attribute of the realm, or removes it. Keycloak takes attributes that are not sent for removed. */
export async function setAttribute(
  admin: KcAdminClient,
  realm: string,
  name: string,
  value: string | null,
): Promise<void> {
  await changeRealm(admin, realm, ({ attributes = {} }) => {
    const { [name]: _, ...others } = attributes
    return { attributes: value === null ? others : { ...others, [name]: value } }
  })
}

/** Sets the flow that runs after an identity provider's logins; empty for none. */
export async function bindBroker(
  admin: KcAdminClient,
  realm: string,
  alias: string,
  flow: string,
): Promise<void> {
  const now = await admin.identityProviders.findOne({ realm, alias })
  if (now === undefined) return
  await admin.identityProviders.update({ realm, alias }, { ...now, postBrokerLoginFlowAlias: flow })
}
