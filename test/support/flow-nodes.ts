import type { Node } from '../../src/adapters/keycloak/setup/flow-tree.ts'

let number = 0

/** A step of a flow, as Keycloak shows it. */
export const step = (provider: string, requirement = 'REQUIRED', more: Partial<Node> = {}): Node => ({
  id: `e${++number}`,
  name: provider,
  provider,
  flowId: undefined,
  requirement,
  children: [],
  ...more,
})

/** A subflow with these steps. */
export const sub = (name: string, requirement: string, ...children: Node[]): Node => ({
  id: `e${++number}`,
  name,
  provider: undefined,
  flowId: `f${number}`,
  requirement,
  children,
})
