import type { KcAdminClient } from '../admin-session.ts'
import { bindBroker, changeRealm, setAttribute } from './apply.ts'
import type { Progress } from './apply.ts'
import { fingerprint } from './phone.ts'
import { removeApiToken } from './apply-api-client.ts'
import { removeServiceRole, revertClient } from './apply-client.ts'
import { removeMapper } from './apply-mapper.ts'
import { PROFILE_TYPE, readRealm } from './found.ts'
import type { Found } from './found.ts'
import type { UserProfileConfig } from './representations.ts'
import type { Undo } from './memory.ts'
import type { FlowField } from './step.ts'
import { sentenceOf } from './undo-sentence.ts'
import { API_CLIENT_ID, CLIENT_ID, EVENTS, MEMORY, PHONE, SERVICE_ROLE } from './names.ts'

/** What undoing would do, one sentence each, and what it would leave because somebody changed it since. */
export interface UndoPlan {
  steps: { undo: Undo; sentence: string }[]
  left: string[]
}

/** Reads from what setup remembered how to put the realm back. Pure. */
export function planUndo(found: Found): UndoPlan {
  const plan: UndoPlan = { steps: [], left: [] }
  // The last change first, but flows at the very end: they can't be removed while they are bound.
  const undos = (found.memory?.undo ?? []).toReversed()
  const isFlow = ({ kind }: Undo) => kind === 'flow'
  for (const undo of [...undos.filter((one) => !isFlow(one)), ...undos.filter(isFlow)]) {
    const left = undo.kind === 'flow' ? stillUsed(found, plan, undo.name) : changedSince(found, undo)
    if (left !== undefined) plan.left.push(left)
    else plan.steps.push({ undo, sentence: sentenceOf(undo) })
  }
  return plan
}

/** Puts the realm back as it was before the first setup. @returns what was done and left */
export async function takeBack(
  admin: KcAdminClient,
  realm: string,
  progress: Progress = () => undefined,
): Promise<UndoPlan> {
  const found = await readRealm(admin, realm)
  const plan = planUndo(found)
  for (const { undo, sentence } of plan.steps) {
    progress(sentence)
    await revert(admin, found, undo).catch((cause: unknown) => {
      throw new Error(
        `Keycloak refused to ${sentence} (${String(cause)}). Mend that and run setup --undo again.`,
        { cause },
      )
    })
  }
  if (found.memory !== undefined) await setAttribute(admin, realm, MEMORY, null)
  return plan
}

function changedSince({ realm, identityProviders }: Found, undo: Undo): string | undefined {
  if (undo.kind === 'binding') {
    const now = realm[undo.name as FlowField] ?? ''
    if (now !== undo.set && now !== undo.was) return `${undo.name} is "${now}" by now, so it stays`
  }
  if (undo.kind === 'broker') {
    const provider = identityProviders.find(({ alias }) => alias === undo.name)
    const now = provider?.postBrokerLoginFlowAlias ?? ''
    if (provider !== undefined && now !== undo.set && now !== undo.was) {
      return `the identity provider ${undo.name} has the flow "${now}" by now, so it stays`
    }
  }
  return undefined
}

const BINDINGS = [
  'browserFlow',
  'resetCredentialsFlow',
  'registrationFlow',
  'directGrantFlow',
  'clientAuthenticationFlow',
  'dockerAuthenticationFlow',
  'firstBrokerLoginFlow',
] as const

/** Says who would use a flow even after what is planned so far: Keycloak deletes no flow that is in use. */
function stillUsed(
  { realm, identityProviders, clients, flows }: Found,
  { steps }: UndoPlan,
  name: string,
): string | undefined {
  const id = flows.find(({ alias }) => alias === name)?.id
  if (id === undefined) return undefined
  const bound = new Map<string, unknown>(Object.entries(realm))
  const putBack = (kind: 'binding' | 'broker', what: string) =>
    steps.map(({ undo }) => undo).find((undo) => undo.kind === kind && undo.name === what) as
      { was: string } | undefined
  const users = [
    ...clients
      .filter(({ authenticationFlowBindingOverrides: own = {} }) => Object.values(own).includes(id))
      .map(({ clientId }) => `the client ${clientId}`),
    ...identityProviders
      .filter(
        ({ alias = '', postBrokerLoginFlowAlias: post, firstBrokerLoginFlowAlias: first }) =>
          first === name || (putBack('broker', alias)?.was ?? post) === name,
      )
      .map(({ alias }) => `the identity provider ${alias}`),
    ...BINDINGS.filter((field) => (putBack('binding', field)?.was ?? bound.get(field)) === name).map(
      (field) => `the realm as its ${field}`,
    ),
  ]
  return users.length === 0 ? undefined : `the flow "${name}" is used by ${users.join(', ')}, so it stays`
}

async function revert(admin: KcAdminClient, found: Found, undo: Undo): Promise<void> {
  const { realm } = found.realm
  switch (undo.kind) {
    case 'role':
      if (found.roles.includes(undo.name)) await admin.roles.delByName({ realm, name: undo.name })
      return
    case 'client':
    case 'client-fields':
      await revertClient(admin, realm, CLIENT_ID, 'was' in undo ? undo.was : undefined)
      return
    case 'api-client':
    case 'api-client-fields':
      await revertClient(admin, realm, API_CLIENT_ID, 'was' in undo ? undo.was : undefined)
      return
    case 'api-token':
      await removeApiToken(admin, realm, undo)
      return
    case 'service-role':
      if (found.service !== undefined) await removeServiceRole(admin, realm, SERVICE_ROLE)
      return
    case 'profile':
      await revertProfile(admin, realm, undo)
      return
    case 'action':
      await revertAction(admin, found, undo)
      return
    case 'listener':
      await changeRealm(admin, realm, ({ eventsListeners = [] }) => ({
        eventsListeners: eventsListeners.filter((name) => name !== EVENTS),
      }))
      return
    case 'action-life':
      await changeRealm(admin, realm, () => ({ accessCodeLifespanUserAction: undo.was }))
      return
    case 'attribute':
      await setAttribute(admin, realm, undo.name, undo.was)
      return
    case 'texts':
      await revertTexts(admin, realm, undo)
      return
    case 'mapper':
      await removeMapper(admin, realm, undo.scope)
      return
    case 'scope': {
      const id = (await admin.clientScopes.findOneByName({ realm, name: undo.name }))?.id
      if (id !== undefined) await admin.clientScopes.del({ realm, id })
      return
    }
    case 'flow': {
      const id = found.flows.find(({ alias }) => alias === undo.name)?.id
      if (id !== undefined) await admin.authenticationManagement.deleteFlow({ realm, flowId: id })
      return
    }
    case 'binding':
      await changeRealm(admin, realm, () => ({ [undo.name]: undo.was }))
      return
    case 'broker':
      await bindBroker(admin, realm, undo.name, undo.was)
  }
}

async function revertProfile(
  admin: KcAdminClient,
  realm: string,
  undo: Undo & { kind: 'profile' },
): Promise<void> {
  const profile = await admin.users.getProfile({ realm })
  const attributes = [...(profile.attributes ?? [])]
  const at = attributes.findIndex(({ name }) => name === PHONE)
  if (at !== -1) attributes.splice(at, 1, ...(undo.was === null ? [] : [undo.was]))
  const before: UserProfileConfig = { ...profile, attributes }
  // The realm had no profile of its own: leaving one would cut it off from a later Keycloak's default.
  if (undo.default === fingerprint(before)) {
    for (const { id = '' } of await admin.components.find({ realm, type: PROFILE_TYPE })) {
      await admin.components.del({ realm, id })
    }
  } else await admin.users.updateProfile({ ...before, realm })
}

async function revertAction(
  admin: KcAdminClient,
  { realm: { realm }, actions }: Found,
  { name, was }: Undo & { kind: 'action' },
): Promise<void> {
  const now = actions.find(({ alias }) => alias === name)
  if (now === undefined) return
  if (was === null) await admin.authenticationManagement.deleteRequiredAction({ realm, alias: name })
  else await admin.authenticationManagement.updateRequiredAction({ realm, alias: name }, { ...now, ...was })
}

async function revertTexts(
  admin: KcAdminClient,
  realm: string,
  { name: selectedLocale, keys }: Undo & { kind: 'texts' },
): Promise<void> {
  const now = await admin.realms.getRealmLocalizationTexts({ realm, selectedLocale })
  for (const key of keys.filter((one) => one in now)) {
    await admin.realms.deleteRealmLocalizationTexts({ realm, selectedLocale, key })
  }
  const left = await admin.realms.getRealmLocalizationTexts({ realm, selectedLocale })
  if (Object.keys(left).length === 0)
    await admin.realms.deleteRealmLocalizationTexts({ realm, selectedLocale })
}
