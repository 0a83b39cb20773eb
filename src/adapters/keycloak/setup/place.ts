import { AUTHENTICATOR, CONDITION, DIRECT, LOA_CONDITION } from './names.ts'
import { descendants, enabled, pathTo } from './flow-tree.ts'
import type { Node } from './flow-tree.ts'

/** A way into the realm; each has its flow. */
export type Door = 'browser' | 'reset' | 'registration' | 'direct' | 'broker'

/** Where Latchkey belongs in a flow. */
export interface Place {
  /** The subflow's node, or undefined for the flow itself. */
  parent: Node | undefined
  /** The node that Latchkey follows, in resets and registrations at once; undefined: anything. */
  after: Node | undefined
  /** Latchkey's node that is there already, complete or not. */
  present: Node | undefined
  /** Whether it is in force as it is. */
  guarded: boolean
}

/** What a flow is worth as a door. */
export interface Assessment {
  places: Place[]
  /** Every place has its guard. */
  guarded: boolean
  /** Why Latchkey can't be placed, a sentence. */
  problem: string | undefined
  /** Branches that lead to a session and have no place for Latchkey, each by its name. */
  open: string[]
}

const PASSWORD = new Set(['auth-username-password-form', 'auth-password-form'])
/** Top-level executions that need no guard of their own: the session was guarded, or another door is. */
const HARMLESS = new Set([
  'auth-cookie',
  'identity-provider-redirector',
  'organization',
  'deny-access-authenticator',
])

/** Finds where Latchkey belongs in a flow, and whether it is there. Pure. */
export function assess(door: Door, nodes: readonly Node[]): Assessment {
  if (door === 'browser') return browser(nodes)
  if (door === 'reset') return following(door, nodes, 'reset-credential-email')
  if (door === 'registration') return following(door, nodes, 'registration-page-form')
  const after = door === 'direct' ? lastOfDirect(nodes) : undefined
  return result([placeIn(door, undefined, nodes, after)], alternatives(nodes))
}

/** The step of a direct grant that proves who it is; in flows without Keycloak's own, the last one. */
function lastOfDirect(nodes: readonly Node[]): Node | undefined {
  const others = nodes.filter((node) => enabled(node) && !isLatchkey('direct', node))
  const validates = (node: Node) =>
    live([node]).some(({ provider }) => provider === 'direct-grant-validate-password')
  return others.findLast(validates) ?? others.at(-1)
}

function browser(nodes: readonly Node[]): Assessment {
  const forms = live(nodes).filter(({ provider }) => PASSWORD.has(provider ?? ''))
  const places: Place[] = []
  const stuck: string[] = []
  for (const form of forms) {
    const level = levelFor(pathTo(nodes, form) ?? [], nodes)
    if (level === undefined) stuck.push(form.name)
    else {
      const place = placeIn('browser', level.parent, level.siblings, level.step)
      const at = places.findIndex(({ parent }) => parent === level.parent)
      // Of two forms on one level the later one counts.
      places.splice(at === -1 ? places.length : at, 1, place)
    }
  }
  if (forms.length === 0) return result([], 'no form that asks for the password was found in it')
  const problem =
    stuck.length === 0
      ? undefined
      : `its "${stuck.join('", "')}" stands as an alternative at the top, so nothing can follow it; put it into a subflow`
  return { ...result(places, problem), open: openBranches(nodes, places) }
}

/**
 * The deepest level on the way to the form that takes one more step: beside an alternative Keycloak would ignore the
 * alternatives, and inside a CONDITIONAL subflow the question would be left out together with the password.
 */
function levelFor(
  path: readonly Node[],
  nodes: readonly Node[],
): { parent: Node | undefined; siblings: readonly Node[]; step: Node | undefined } | undefined {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = path[depth - 1]
    const siblings = parent?.children ?? nodes
    const taken = path[depth]?.requirement === 'ALTERNATIVE' || parent?.requirement === 'CONDITIONAL'
    if (!taken) return { parent, siblings, step: path[depth] }
  }
  return undefined
}

function openBranches(nodes: readonly Node[], places: readonly Place[]): string[] {
  const takes = (node: Node) =>
    places.some(({ parent }) => parent === node || descendants(node.children).includes(parent ?? node))
  const openIn = (level: readonly Node[], parent: Node | undefined): string[] => {
    if (places.some((place) => place.parent === parent)) return []
    const steps = level.filter((node) => enabled(node) && !isCondition(node.provider))
    // Beside steps that must be taken Keycloak ignores alternatives.
    const sequence = steps.filter(({ requirement }) => requirement !== 'ALTERNATIVE')
    const inner = sequence.filter(takes).map((node) => openIn(node.children, node))
    if (inner.length > 0) return inner.some((open) => open.length === 0) ? [] : inner.flat()
    return (sequence.length > 0 ? sequence : steps).flatMap((node) => {
      if (takes(node)) return openIn(node.children, node)
      return harmless(node) ? [] : [node.name]
    })
  }
  return openIn(nodes, undefined)
}

function harmless(node: Node): boolean {
  if (node.flowId === undefined) return HARMLESS.has(node.provider ?? '')
  const steps = live(node.children).filter(
    ({ flowId, provider }) => flowId === undefined && !isCondition(provider),
  )
  return steps.every(({ provider }) => HARMLESS.has(provider ?? ''))
}

function isCondition(provider = ''): boolean {
  return provider.startsWith('conditional-')
}

function following(door: Door, nodes: readonly Node[], provider: string): Assessment {
  const anchor = live(nodes).find((node) => node.provider === provider)
  if (anchor === undefined) return result([], `it has no "${provider}", after which Latchkey belongs`)
  const parent = pathTo(nodes, anchor)?.at(-2)
  const siblings = parent?.children ?? nodes
  return result([placeIn(door, parent, siblings, anchor)], alternatives(siblings))
}

function placeIn(
  door: Door,
  parent: Node | undefined,
  siblings: readonly Node[],
  after: Node | undefined,
): Place {
  const atOnce = door === 'reset' || door === 'registration'
  const counts = (node: Node) => {
    const distance = after === undefined ? 1 : siblings.indexOf(node) - siblings.indexOf(after)
    return (atOnce ? distance === 1 : distance > 0) && inForce(door, node)
  }
  const candidates = siblings.filter((node) => isLatchkey(door, node))
  const good = candidates.find(counts)
  return { parent, after, present: good ?? candidates[0], guarded: good !== undefined }
}

function isLatchkey(door: Door, node: Node): boolean {
  if (door === 'direct') return node.provider === DIRECT
  // A level of a step-up is left out where nobody asks for it, with all that is in it.
  if (node.children.some(({ provider }) => provider === LOA_CONDITION)) return false
  return (
    node.provider === AUTHENTICATOR ||
    (node.flowId !== undefined &&
      (node.children.some(({ provider }) => provider === AUTHENTICATOR || provider === CONDITION) ||
        / Latchkey( \d+)?$/.test(node.name)))
  )
}

/** Alone and REQUIRED it asks by itself; in a subflow it is the condition, then the authenticator. */
function inForce(door: Door, node: Node): boolean {
  if (node.flowId === undefined) return node.requirement === 'REQUIRED'
  if (door === 'direct') return false
  const parts = node.children.filter(enabled)
  const [first, second] = parts
  return (
    node.requirement === 'CONDITIONAL' &&
    parts.length === 2 &&
    first?.provider === CONDITION &&
    second?.provider === AUTHENTICATOR &&
    parts.every(({ requirement }) => requirement === 'REQUIRED')
  )
}

function alternatives(siblings: readonly Node[]): string | undefined {
  const names = siblings.filter(({ requirement }) => requirement === 'ALTERNATIVE').map(({ name }) => name)
  if (names.length === 0) return undefined
  return `"${names.join('", "')}" stand as alternatives where Latchkey belongs, and Keycloak would ignore them beside it`
}

/** The nodes that run: not disabled, nor below one that is. */
function live(nodes: readonly Node[]): Node[] {
  return nodes.filter(enabled).flatMap((node) => [node, ...live(node.children)])
}

function result(places: Place[], problem: string | undefined): Assessment {
  const guarded = problem === undefined && places.length > 0 && places.every((place) => place.guarded)
  return { places, guarded, problem, open: [] }
}
