import type { Flow } from './flow-tree.ts'
import { flowOf } from './found.ts'
import type { Found } from './found.ts'
import { levelsWithout } from './levels.ts'
import { DIRECT } from './names.ts'
import { unguardedOverrides } from './overrides.ts'
import { assess } from './place.ts'
import type { Door } from './place.ts'
import type { FlowField, Plan, Step, Wanted } from './step.ts'

const DOORS: { door: Door; field: FlowField; what: string }[] = [
  { door: 'browser', field: 'browserFlow', what: 'browser logins' },
  { door: 'reset', field: 'resetCredentialsFlow', what: 'password resets' },
  { door: 'registration', field: 'registrationFlow', what: 'registrations' },
  { door: 'direct', field: 'directGrantFlow', what: 'direct grants' },
]
/** The flow for identity providers that had none. */
const BROKER_FLOW = 'post broker login with Latchkey'

/** Plans the flows: a copy of what the realm uses, with Latchkey in its place, then bound. Nothing built in is edited. */
export function planFlows(found: Found, wanted: Wanted): Plan {
  const plan: Plan = { steps: [], refusals: [], open: [], notes: [] }
  const names = new Names(found)
  for (const { door, field, what } of DOORS) {
    if (door === 'direct' && found.providers?.authenticators.has(DIRECT) === false) {
      plan.open.push(`${what}: ${DIRECT} is missing in the server, so the gate alone stands there`)
      continue
    }
    const bound = found.realm[field]
    const guarded = guard(found, plan, names, { door, bound, what, force: wanted.force === true })
    if (guarded === undefined || guarded === bound) continue
    plan.steps.push({
      kind: 'bind',
      field,
      flow: guarded,
      sentence: `use the flow "${guarded}" for ${what}, in place of "${bound}"`,
      undo: { kind: 'binding', name: field, was: bound ?? '', set: guarded },
    })
  }
  for (const provider of found.identityProviders)
    planBroker(found, plan, names, provider, wanted.force === true)
  plan.open.push(
    ...unguardedOverrides(found).map(
      ({ client, flow, kind }) =>
        `the client ${client}, which has "${flow}" for its own ${kind} flow: only the gate stands there`,
    ),
  )
  return plan
}

function planBroker(
  found: Found,
  plan: Plan,
  names: Names,
  { alias = '', postBrokerLoginFlowAlias: own = '' }: Found['identityProviders'][number],
  force: boolean,
): void {
  const what = `logins by the identity provider ${alias}`
  const guarded =
    own === ''
      ? sharedBrokerFlow(found, plan, names)
      : guard(found, plan, names, { door: 'broker', bound: own, what, force })
  if (guarded === undefined || guarded === own) return
  plan.steps.push({
    kind: 'bind-broker',
    provider: alias,
    flow: guarded,
    sentence: `use the flow "${guarded}" after ${what}`,
    undo: { kind: 'broker', name: alias, was: own, set: guarded },
  })
}

/** One flow serves all that had none. */
function sharedBrokerFlow(found: Found, plan: Plan, names: Names): string {
  const name = names.free(BROKER_FLOW, 'broker')
  if (isPlanned(plan, name)) return name
  const there = flowOf(found, name)
  if (there === undefined) {
    plan.steps.push({
      kind: 'create-flow',
      name,
      sentence: `create the flow "${name}" for identity providers that have none`,
      undo: { kind: 'flow', name, door: 'broker' },
    })
  }
  if (there === undefined || !assess('broker', there.children).guarded)
    plan.steps.push(guardStep(name, 'broker'))
  return name
}

function isPlanned({ steps }: Plan, flow: string): boolean {
  return steps.some((step) => step.kind === 'guard' && step.flow === flow)
}

/** Plans a guarded flow for a door and gives its name; undefined where it can't be made. */
function guard(
  found: Found,
  plan: Plan,
  names: Names,
  { door, bound, what, force }: { door: Door; bound: string | undefined; what: string; force: boolean },
): string | undefined {
  const flow = flowOf(found, bound)
  if (flow === undefined) {
    plan.open.push(`${what}: the realm has no flow for them`)
    return undefined
  }
  const { guarded, problem, open } = assess(door, flow.children)
  plan.open.push(
    ...open.map((branch) => `${what}, the branch "${branch}" of "${flow.alias}": only the gate stands there`),
  )
  const levels = door === 'browser' ? levelsWithout(flow.children) : []
  plan.notes.push(
    ...levels
      .filter(({ place }) => place === undefined)
      .map(
        ({ level, subflow }) =>
          `Level ${level} of the flow "${flow.alias}" ("${subflow.name}") keeps its own steps alone: Latchkey found no place beside them, so it asks after them.`,
      ),
  )
  if (isFinished(door, flow) || (guarded && !names.ours(flow.alias))) return flow.alias
  if (problem !== undefined) {
    const sentence = `The flow "${flow.alias}" for ${what} can't be guarded: ${problem}.`
    if (force) plan.open.push(`${what}: ${problem}; only the gate stands there`)
    else plan.refusals.push(`${sentence} Mend it, or go on with --force and the gate alone.`)
    return undefined
  }
  const copy = names.ours(flow.alias) ? flow.alias : names.free(`${flow.alias} with Latchkey`, door)
  if (isPlanned(plan, copy)) return copy
  const there = flowOf(found, copy)
  if (there === undefined) {
    plan.steps.push({
      kind: 'copy-flow',
      from: flow.alias,
      to: copy,
      sentence: `copy the flow "${flow.alias}" to "${copy}"; the original stays as it is`,
      undo: { kind: 'flow', name: copy, door },
    })
  }
  if (there === undefined || !isFinished(door, there)) {
    const joined = levels.flatMap(({ level, place }) => (place === undefined ? [] : [level]))
    plan.steps.push(guardStep(copy, door, joined))
  }
  return copy
}

/** Whether nothing is left to do in a flow. */
function isFinished(door: Door, { children }: Flow): boolean {
  const open = door === 'browser' && levelsWithout(children).some(({ place }) => place !== undefined)
  return assess(door, children).guarded && !open
}

function guardStep(flow: string, door: Door, levels: readonly number[] = []): Step {
  const where: Record<Door, string> = {
    browser: 'after the password',
    reset: 'right after the e-mail',
    registration: 'after the form',
    direct: 'at the end',
    broker: 'at the end',
  }
  const also =
    levels.length === 0 ? '' : `, and beside the second factor of its level ${levels.join(' and ')}`
  return { kind: 'guard', flow, door, sentence: `put Latchkey into "${flow}", ${where[door]}${also}` }
}

/** Names of copies: those of an earlier run again, else free ones. */
class Names {
  readonly #mine: Map<string, string>
  readonly #taken: Set<string>

  constructor({ memory, flows }: Found) {
    const records = (memory?.undo ?? []).filter((undo) => undo.kind === 'flow')
    this.#mine = new Map(records.map(({ name, door }) => [name, door]))
    this.#taken = new Set(flows.map(({ alias }) => alias))
  }

  ours(alias: string): boolean {
    return this.#mine.has(alias)
  }

  free(base: string, door: Door): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? base : `${base} ${n}`
      if (this.#taken.has(name) && this.#mine.get(name) !== door) continue
      this.#taken.add(name)
      this.#mine.set(name, door)
      return name
    }
  }
}
