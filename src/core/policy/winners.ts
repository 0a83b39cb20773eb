import type { MethodId, Registry } from '../method.ts'
import type { Claims, Rule } from './policy.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'

/** A rule that counts, and the path of its group. */
export interface Winner {
  rule: Rule
  path: string
}

const STRICTNESS: Record<Enforcement, number> = { disabled: 0, optional: 1, required: 2 }

/**
 * The rules that count: highest priority, then the deeper group of one branch, then the strictest. Several where they
 * tie, in an order that does not depend on the order of what is given.
 */
export function winners(rules: readonly Rule[], groups: Claims['groups']): Winner[] {
  const paths = new Map(groups.map((group) => [group.id, group.path]))
  let left = rules.flatMap((rule) => {
    const path = paths.get(rule.groupId)
    return path === undefined ? [] : [{ rule, path }]
  })
  const priority = Math.max(...left.map(({ rule }) => rule.priority))
  left = left.filter(({ rule }) => rule.priority === priority)
  left = left.filter(({ path }) => !left.some((other) => other.path.startsWith(`${path}/`)))
  const strictest = Math.max(...left.map(({ rule }) => STRICTNESS[rule.enforcement]))
  return left
    .filter(({ rule }) => STRICTNESS[rule.enforcement] === strictest)
    .toSorted((a, b) => (a.rule.groupId < b.rule.groupId ? -1 : 1))
}

/** What the realm allows and every rule that counts allows, in the realm's order: in doubt, less. */
export function allowedMethods(settings: RealmSettings, rules: Winner[], registry: Registry): MethodId[] {
  return settings.methods.filter(
    (id) => registry.has(id) && rules.every(({ rule }) => rule.methods?.includes(id) ?? true),
  )
}
