import type { KcAdminClient } from '../admin-session.ts'
import { descendants, enabled, readTree } from './flow-tree.ts'
import type { Node } from './flow-tree.ts'
import { levelsWithout } from './levels.ts'
import type { Level } from './levels.ts'
import { AUTHENTICATOR, CONDITION, DIRECT } from './names.ts'
import { assess } from './place.ts'
import type { Door, Place } from './place.ts'
import type { Step } from './step.ts'

/** Makes, copies or guards a flow. Each is safe to repeat: it does what is missing. */
export async function applyFlow(
  admin: KcAdminClient,
  realm: string,
  step: Step & { kind: 'copy-flow' | 'create-flow' | 'guard' },
): Promise<void> {
  const flows = admin.authenticationManagement
  if (step.kind === 'copy-flow') await flows.copyFlow({ realm, flow: step.from, newName: step.to })
  else if (step.kind === 'create-flow') {
    const description = "The second factor after another identity provider's login"
    const flow = { alias: step.name, description, providerId: 'basic-flow', topLevel: true, builtIn: false }
    await flows.createFlow({ realm, ...flow })
  } else await new Guarding(admin, realm, step.flow, step.door).run()
}

/** Puts Latchkey into each place of one flow, piece by piece, always from what is there. */
class Guarding {
  readonly #admin: KcAdminClient
  readonly #realm: string
  readonly #flow: string
  readonly #door: Door

  constructor(admin: KcAdminClient, realm: string, flow: string, door: Door) {
    this.#admin = admin
    this.#realm = realm
    this.#flow = flow
    this.#door = door
  }

  async run(): Promise<void> {
    if (this.#door === 'broker') await this.#openWithAllow()
    // Each turn makes one piece and looks again; a flow that stays unguarded is a fault, not an endless loop.
    for (let turn = 0; turn < 100; turn++) {
      const tree = await this.#tree()
      const { places, guarded, problem } = assess(this.#door, tree)
      if (guarded) {
        const [level] = levelsWithout(tree).flatMap(({ place }) => place ?? [])
        if (this.#door !== 'browser' || level === undefined) return
        await this.#join(level)
        continue
      }
      if (problem !== undefined) break
      const [place] = places.filter((one) => !one.guarded)
      if (place !== undefined) await this.#mend(place)
    }
    throw new Error(`the flow "${this.#flow}" could not be guarded`)
  }

  async #tree(): Promise<Node[]> {
    return await readTree(this.#admin, this.#realm, this.#flow)
  }

  /** Makes one missing piece of a level. What is there stays in force until Latchkey stands beside it. */
  async #join({ parent, present, requirement, loosen }: NonNullable<Level['place']>): Promise<void> {
    if (present === undefined) await this.#add(parent.name, AUTHENTICATOR, requirement)
    else if (present.requirement !== requirement) await this.#setRequirement(present, requirement)
    else if (loosen !== undefined) await this.#setRequirement(loosen, 'ALTERNATIVE')
  }

  /** A post-broker flow that holds a CONDITIONAL subflow alone fails where nothing is needed. */
  async #openWithAllow(): Promise<void> {
    const tree = await this.#tree()
    if (tree.some((node) => enabled(node) && node.flowId === undefined && node.requirement === 'REQUIRED'))
      return
    // An interrupted run may have added it, and got no further.
    const added = tree.find(({ provider }) => provider === 'allow-access-authenticator')
    if (added === undefined) await this.#require(this.#flow, 'allow-access-authenticator')
    else await this.#setRequirement(added, 'REQUIRED')
    await this.#raise('allow-access-authenticator', 0)
  }

  async #mend({ parent, after, present }: Place): Promise<void> {
    const alias = parent?.name ?? this.#flow
    if (present === undefined) {
      if (this.#door === 'direct') await this.#require(alias, DIRECT)
      else await this.#addSubflow(alias)
    } else if (present.flowId === undefined && present.requirement !== 'REQUIRED')
      await this.#setRequirement(present, 'REQUIRED')
    else if (present.flowId !== undefined && (await this.#fill(present))) return
    else if (after !== undefined) await this.#moveAfter(parent, present, after)
  }

  /** Makes one missing piece of the subflow; false where none is missing. */
  async #fill(subflow: Node): Promise<boolean> {
    const parts = subflow.children
    for (const provider of [CONDITION, AUTHENTICATOR]) {
      const part = parts.find((one) => one.provider === provider)
      if (part === undefined) {
        await this.#require(subflow.name, provider)
        return true
      }
      if (part.requirement !== 'REQUIRED') {
        await this.#setRequirement(part, 'REQUIRED')
        return true
      }
    }
    const [condition] = parts.filter(({ provider }) => provider === CONDITION)
    if (condition !== undefined && parts[0] !== condition) {
      await this.#admin.authenticationManagement.raisePriorityExecution({
        realm: this.#realm,
        id: condition.id,
      })
      return true
    }
    if (subflow.requirement === 'CONDITIONAL') return false
    await this.#setRequirement(subflow, 'CONDITIONAL')
    return true
  }

  async #addSubflow(parent: string): Promise<void> {
    const alias = await this.#freeAlias()
    const description = 'The second factor, where the policy asks for it'
    await this.#admin.authenticationManagement.addFlowToFlow({
      realm: this.#realm,
      flow: parent,
      alias,
      type: 'basic-flow',
      provider: 'registration-page-form',
      description,
    })
  }

  async #freeAlias(): Promise<string> {
    const names = new Set<string>()
    const collect = (nodes: readonly Node[]) => {
      for (const { name, children } of nodes) {
        names.add(name)
        collect(children)
      }
    }
    collect(await this.#tree())
    const base = `${this.#flow} - Latchkey`
    for (let n = 1; ; n++) {
      const alias = n === 1 ? base : `${base} ${n}`
      if (!names.has(alias)) return alias
    }
  }

  async #require(flow: string, provider: string): Promise<void> {
    await this.#add(flow, provider, 'REQUIRED')
  }

  /** Adds an execution at the end of a subflow, and puts it in force. */
  async #add(flow: string, provider: string, requirement: string): Promise<void> {
    const before = new Set((await this.#all()).map(({ id }) => id))
    await this.#admin.authenticationManagement.addExecutionToFlow({ realm: this.#realm, flow, provider })
    // Disabled steps of the same provider elsewhere in the flow are not ours to switch on.
    const added = (await this.#all()).find((node) => node.provider === provider && !before.has(node.id))
    if (added !== undefined) await this.#setRequirement(added, requirement)
  }

  async #all(): Promise<Node[]> {
    return descendants(await this.#tree())
  }

  async #setRequirement({ id }: Node, requirement: string): Promise<void> {
    const where = { realm: this.#realm, flow: this.#flow }
    const list = await this.#admin.authenticationManagement.getExecutions(where)
    const now = list.find((one) => one.id === id)
    await this.#admin.authenticationManagement.updateExecution(where, { ...now, requirement })
  }

  async #raise(provider: string, to: number): Promise<void> {
    const tree = await this.#tree()
    const at = tree.findIndex((node) => node.provider === provider)
    const id = tree[at]?.id ?? ''
    for (let index = at; index > to; index--) {
      await this.#admin.authenticationManagement.raisePriorityExecution({ realm: this.#realm, id })
    }
  }

  async #moveAfter(parent: Node | undefined, moved: Node, after: Node): Promise<void> {
    const siblings = parent?.children ?? (await this.#tree())
    const at = (wanted: Node) => siblings.findIndex(({ id }) => id === wanted.id)
    const id = moved.id
    const flows = this.#admin.authenticationManagement
    if (at(moved) < at(after)) await flows.lowerPriorityExecution({ realm: this.#realm, id })
    else await flows.raisePriorityExecution({ realm: this.#realm, id })
  }
}
