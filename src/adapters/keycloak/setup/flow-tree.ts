import type { ExecutionInfo } from './representations.ts'

/** One execution of a flow; a subflow has children. */
export interface Node {
  id: string
  /** What Keycloak shows: a subflow's alias, or the name of the provider. */
  name: string
  /** Absent for a plain subflow. */
  provider: string | undefined
  flowId: string | undefined
  requirement: string
  children: Node[]
}

/** A flow as a tree; its root is the flow itself. */
export interface Flow {
  id: string
  alias: string
  builtIn: boolean
  children: Node[]
}

/** Makes the tree of Keycloak's flat list with levels. */
export function treeOf(executions: readonly ExecutionInfo[]): Node[] {
  const top: Node[] = []
  const path: Node[][] = [top]
  for (const one of executions) {
    const level = one.level ?? 0
    const node: Node = {
      id: one.id ?? '',
      name: one.displayName ?? '',
      provider: one.providerId,
      flowId: one.authenticationFlow === true ? one.flowId : undefined,
      requirement: one.requirement ?? 'DISABLED',
      children: [],
    }
    path[level]?.push(node)
    path.length = level + 1
    path.push(node.children)
  }
  return top
}

/** Every node below, in the order in which they run. */
export function descendants(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...descendants(node.children)])
}

/** Whether Keycloak runs it at all. */
export function enabled(node: Node): boolean {
  return node.requirement !== 'DISABLED'
}

/** The nodes from the top to the wanted one, both included; undefined where it is not below. */
export function pathTo(nodes: readonly Node[], wanted: Node): Node[] | undefined {
  for (const node of nodes) {
    if (node === wanted) return [node]
    const rest = pathTo(node.children, wanted)
    if (rest !== undefined) return [node, ...rest]
  }
  return undefined
}
