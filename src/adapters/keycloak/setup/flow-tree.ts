import type { KcAdminClient } from '../admin-session.ts'
import { LOA_CONDITION } from './names.ts'
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
  /** The level of authentication that a condition for one stands for; absent for everything else. */
  loa?: number
  children: Node[]
}

/** A flow as a tree; its root is the flow itself. */
export interface Flow {
  id: string
  alias: string
  builtIn: boolean
  children: Node[]
}

/** Reads a flow's executions, and the levels that its conditions stand for. */
export async function readTree(admin: KcAdminClient, realm: string, flow: string): Promise<Node[]> {
  const executions = await admin.authenticationManagement.getExecutions({ realm, flow })
  const loas = new Map<string, number>()
  for (const { id = '', providerId, authenticationConfig } of executions) {
    if (providerId !== LOA_CONDITION || authenticationConfig === undefined) continue
    const config = await admin.authenticationManagement.getConfig({ realm, id: authenticationConfig })
    const loa = Number(config.config?.['loa-condition-level'])
    if (Number.isInteger(loa)) loas.set(id, loa)
  }
  return treeOf(executions, loas)
}

/** Makes the tree of Keycloak's flat list with levels. `loas`: what conditions stand for, by their id. */
export function treeOf(
  executions: readonly ExecutionInfo[],
  loas: ReadonlyMap<string, number> = new Map(),
): Node[] {
  const top: Node[] = []
  const path: Node[][] = [top]
  for (const one of executions) {
    const level = one.level ?? 0
    const loa = loas.get(one.id ?? '')
    const node: Node = {
      id: one.id ?? '',
      name: one.displayName ?? '',
      provider: one.providerId,
      flowId: one.authenticationFlow === true ? one.flowId : undefined,
      requirement: one.requirement ?? 'DISABLED',
      ...(loa === undefined ? {} : { loa }),
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
