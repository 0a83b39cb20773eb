import { enabled } from './flow-tree.ts'
import type { Node } from './flow-tree.ts'
import { AUTHENTICATOR } from './names.ts'

/** A subflow that Keycloak takes for a level of a step-up, 2 or higher, in which Latchkey is not asked. */
export interface Level {
  level: number
  subflow: Node
  /** Undefined where its steps leave no room for Latchkey: then they alone reach the level. */
  place: LevelPlace | undefined
}

interface LevelPlace {
  /** The subflow that Latchkey belongs into. */
  parent: Node
  /** Latchkey's node there, where it is and not in force. */
  present: Node | undefined
  requirement: 'REQUIRED' | 'ALTERNATIVE'
  /** The realm's own second factor, which has to become one of two. */
  loosen: Node | undefined
}

/** Keycloak's own second factors that it offers to those alone who have them. */
const OWN = new Set([
  'auth-otp-form',
  'auth-recovery-authn-code-form',
  'webauthn-authenticator',
  'webauthn-authenticator-passwordless',
])

/**
 * The levels without Latchkey. Its place is beside the realm's own second factor, as an alternative: Keycloak asks for
 * the first alternative that the user has, so whoever has an own one is asked for it as before. Pure.
 */
export function levelsWithout(nodes: readonly Node[]): Level[] {
  return nodes.filter(enabled).flatMap((node) => {
    const level = Math.max(0, ...node.children.filter(enabled).map(({ loa = 0 }) => loa))
    if (level < 2) return levelsWithout(node.children)
    return asks(node.children) ? [] : [{ level, subflow: node, place: placeIn(node) }]
  })
}

/** Whether these steps can come to Latchkey: beside steps that must be taken, Keycloak ignores alternatives. */
function asks(nodes: readonly Node[]): boolean {
  const steps = stepsOf(nodes)
  const must = steps.filter(({ requirement }) => requirement !== 'ALTERNATIVE')
  return (must.length > 0 ? must : steps).some(
    ({ provider, flowId, children }) =>
      provider === AUTHENTICATOR || (flowId !== undefined && asks(children)),
  )
}

function placeIn(subflow: Node): LevelPlace | undefined {
  const steps = stepsOf(subflow.children).filter(({ provider }) => provider !== AUTHENTICATOR)
  const [only] = steps
  const add = (parent: Node, requirement: LevelPlace['requirement'], loosen?: Node): LevelPlace => ({
    parent,
    present: parent.children.find(({ provider }) => provider === AUTHENTICATOR),
    requirement,
    loosen,
  })
  if (only === undefined) return add(subflow, 'REQUIRED')
  if (steps.every(({ requirement }) => requirement === 'ALTERNATIVE')) return add(subflow, 'ALTERNATIVE')
  if (steps.length > 1 || only.requirement !== 'REQUIRED') return undefined
  if (OWN.has(only.provider ?? '')) return add(subflow, 'ALTERNATIVE', only)
  const choice = stepsOf(only.children)
  const isChoice = choice.length > 0 && choice.every(({ requirement }) => requirement === 'ALTERNATIVE')
  return isChoice ? add(only, 'ALTERNATIVE') : undefined
}

function stepsOf(nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => enabled(node) && node.provider?.startsWith('conditional-') !== true)
}
