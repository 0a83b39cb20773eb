import { randomUUID } from 'node:crypto'
import type KcAdminClient from '@keycloak/keycloak-admin-client'

type Flows = KcAdminClient['authenticationManagement']
type Execution = Awaited<ReturnType<Flows['getExecutions']>>[number] & { priority?: number }

/** What stands at the doors of a realm after `shutDoors`. */
export interface Doors {
  /** Bind it to a client to have a flow that never heard of Latchkey. */
  plainBrowserFlow: string
  postBrokerFlow: string
}

/** Puts Latchkey at every door of a realm, in copies of the built-in flows, with the gate below them. */
export async function shutDoors(admin: KcAdminClient, realm: string): Promise<Doors> {
  const flows = admin.authenticationManagement
  const named = async (flow: string) => (await flows.getExecutions({ realm, flow })) as Execution[]
  const last = async (flow: string) => (await named(flow)).filter(({ level }) => level === 0).at(-1)
  const change = async (flow: string, execution: Execution | undefined, to: object) => {
    await flows.updateExecution({ realm, flow }, { ...execution, ...to })
  }
  const subflow = async (flow: string, to: object = {}) => {
    const alias = `${flow} second factor`
    await flows.addFlowToFlow({ realm, flow, alias, type: 'basic-flow', provider: '', description: '' })
    await change(
      flow,
      (await named(flow)).find(({ displayName }) => displayName === alias),
      { requirement: 'CONDITIONAL', ...to },
    )
    for (const provider of ['latchkey-condition', 'latchkey']) await add(alias, provider)
  }
  const add = async (flow: string, provider: string) => {
    await flows.addExecutionToFlow({ realm, flow, provider })
    await change(flow, await last(flow), { requirement: 'REQUIRED' })
  }
  const copy = async (flow: string, newName: string) => {
    await flows.copyFlow({ realm, flow, newName })
    return newName
  }

  const direct = await copy('direct grant', 'direct grant with Latchkey')
  await add(direct, 'latchkey-direct')

  const reset = await copy('reset credentials', 'reset credentials with Latchkey')
  const mail = (await named(reset)).find(({ providerId }) => providerId === 'reset-credential-email')
  await subflow(reset, { priority: (mail?.priority ?? 20) + 1 })

  const registration = await copy('registration', 'registration with Latchkey')
  await subflow(registration)

  const broker = 'post broker with Latchkey'
  await flows.createFlow({ realm, alias: broker, providerId: 'basic-flow', topLevel: true, builtIn: false })
  await add(broker, 'allow-access-authenticator')
  await subflow(broker)

  const plain = await copy('browser', `plain browser ${randomUUID().slice(0, 4)}`)
  const all = await flows.getFlows({ realm })

  await flows.registerRequiredAction({ realm, providerId: 'latchkey-gate', name: 'Latchkey gate' })
  const gate = await flows.getRequiredActionForAlias({ realm, alias: 'latchkey-gate' })
  await flows.updateRequiredAction({ realm, alias: 'latchkey-gate' }, { ...gate, enabled: true, priority: 1 })

  const before = await admin.realms.findOne({ realm })
  await admin.realms.update(
    { realm },
    {
      ...before,
      directGrantFlow: direct,
      resetCredentialsFlow: reset,
      registrationFlow: registration,
      eventsListeners: [...(before?.eventsListeners ?? []), 'latchkey-events'],
    },
  )
  const id = (alias: string) => all.find((flow) => flow.alias === alias)?.id ?? ''
  return { plainBrowserFlow: id(plain), postBrokerFlow: broker }
}
