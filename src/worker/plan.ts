import type { KeptRule } from '../core/administration/administration.ts'
import type { AuditEntry } from '../core/audit/audit.ts'
import { WORKER } from '../core/audit/audit.ts'
import { differences, entryBy, saidBy } from '../core/administration/changes.ts'
import type { DirectoryGroup } from '../core/sync/directory.ts'
import type { Registry } from '../core/method.ts'
import type { Rule } from '../core/policy/policy.ts'
import type { SyncChange } from '../core/sync/sync-store.ts'
import type { SyncWarning } from '../core/sync/sync.ts'
import { overruled, readAttributes, unknownManager } from './attributes.ts'

/** What is in force before a plan is made. */
export interface InForce {
  realm: string
  /** Epoch milliseconds. */
  now: number
  registry: Registry
  rules: readonly KeptRule[]
  /** By group, ids of users. */
  managers: ReadonlyMap<string, readonly string[]>
  /** Ids by the names and ids that groups name as managers, where there is such a user. */
  userIds: ReadonlyMap<string, string>
}

/** What the attributes of groups change. */
export interface Plan {
  saveRules: NonNullable<SyncChange['saveRules']>
  removeRules: NonNullable<SyncChange['removeRules']>
  audit: AuditEntry[]
  /** The managers of every group that was looked at, by its id. */
  managers: Map<string, string[]>
  warnings: SyncWarning[]
}

/**
 * What the attributes of these groups make of the rules and managers in force. Pure; the order of groups never matters,
 * and a group that is not among them is left as it is: absence says nothing.
 */
export function plan(groups: readonly DirectoryGroup[], inForce: InForce): Plan {
  const rules = new Map(inForce.rules.map((rule) => [rule.groupId, rule]))
  const planned: Plan = { saveRules: [], removeRules: [], audit: [], managers: new Map(), warnings: [] }
  for (const group of groups.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const reading = readAttributes(group, inForce.registry)
    planned.warnings.push(...reading.warnings)
    planRule(planned, group, reading.rule, rules.get(group.id), inForce)
    planManagers(planned, group, reading.managers, inForce)
  }
  return planned
}

/** The names and ids that these groups name as managers. */
export function namedManagers(groups: readonly DirectoryGroup[], registry: Registry): string[] {
  return [...new Set(groups.flatMap((group) => readAttributes(group, registry).managers))]
}

function planRule(
  planned: Plan,
  group: DirectoryGroup,
  wanted: Rule | 'none' | 'unusable',
  kept: KeptRule | undefined,
  inForce: InForce,
): void {
  if (wanted === 'unusable') return
  if (kept?.origin === 'administrator') {
    if (wanted !== 'none') planned.warnings.push(overruled(group))
    return
  }
  if (wanted !== 'none') {
    const changes = differences(kept === undefined ? {} : saidBy(kept), saidBy(wanted))
    if (Object.keys(changes).length === 0) return
    const version = kept === undefined ? inForce.now : kept.version + 1
    planned.saveRules.push({ rule: wanted, origin: 'attribute', version: kept?.version })
    planned.audit.push(entry('rule.saved', group, { version, changes }, inForce))
  } else if (kept !== undefined) {
    planned.removeRules.push({ groupId: group.id, version: kept.version })
    planned.audit.push(removal(group, kept, inForce))
  }
}

/** A name that nobody has is skipped; where that leaves none, those in force stay. */
function planManagers(planned: Plan, group: DirectoryGroup, names: string[], inForce: InForce): void {
  const found = names.map((name) => inForce.userIds.get(name.toLowerCase()))
  const ids = [...new Set(found.filter((id) => id !== undefined))]
  planned.warnings.push(
    ...names.filter((_, i) => found[i] === undefined).map((name) => unknownManager(group, name)),
  )
  const before = inForce.managers.get(group.id) ?? []
  planned.managers.set(group.id, names.length > 0 && ids.length === 0 ? [...before] : ids.toSorted())
}

/** The entry of the audit for a rule that goes. `because`: why, where no attribute says it. */
export function removal(
  group: { id: string; path: string },
  kept: KeptRule,
  { realm, now }: Pick<InForce, 'realm' | 'now'>,
  because?: string,
): AuditEntry {
  const changes = differences(saidBy(kept), {})
  const detail = { version: kept.version + 1, changes, ...(because === undefined ? {} : { because }) }
  return entry('rule.removed', group, detail, { realm, now }, kept.origin)
}

function entry(
  event: 'rule.saved' | 'rule.removed',
  { id: groupId, path }: { id: string; path: string },
  detail: Record<string, unknown>,
  { realm, now }: Pick<InForce, 'realm' | 'now'>,
  origin: KeptRule['origin'] = 'attribute',
): AuditEntry {
  return entryBy({ actor: WORKER, at: now }, { event, realm, detail: { groupId, path, ...detail, origin } })
}
