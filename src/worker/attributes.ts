import type { DirectoryGroup } from '../core/sync/directory.ts'
import type { MethodId, Registry } from '../core/method.ts'
import type { Rule } from '../core/policy/policy.ts'
import type { Enforcement } from '../core/settings.ts'
import type { SyncWarning } from '../core/sync/sync.ts'

const ENFORCEMENT = 'tfa.enforcement'
const METHODS = 'tfa.methods'
const PRIORITY = 'tfa.priority'
const GRACE = 'tfa.grace-days'
const TRUSTED = 'tfa.trusted-days'
const MANAGERS = 'tfa.managers'
const KNOWN = [ENFORCEMENT, METHODS, PRIORITY, GRACE, TRUSTED, MANAGERS]
/** Characters of a value that a warning shows. */
const SHOWN = 100

/** What a group's attributes say. */
export interface Reading {
  /** `none`: the group is to have no rule. `unusable`: a value says nothing, so what is in force stays. */
  rule: Rule | 'none' | 'unusable'
  /** Names or ids of users, each once. */
  managers: string[]
  warnings: SyncWarning[]
}

/** A value, or what is wrong with it. */
type Read<T> = { value: T } | { fault: string }

/** Reads the attributes of a group. Pure. */
export function readAttributes(group: DirectoryGroup, registry: Registry): Reading {
  const warnings: SyncWarning[] = []
  let usable = true
  const warn = (attribute: string, message: string) => warnings.push(warningOf(group, attribute, message))
  const take = <T>(attribute: string, parse: (values: string[]) => Read<T>): T | undefined => {
    const values = group.attributes[attribute]
    if (values === undefined || values.length === 0) return undefined
    const read = parse(values)
    if ('value' in read) return read.value
    usable = false
    warn(attribute, read.fault)
    return undefined
  }

  const enforcement = take(ENFORCEMENT, single(enforcementOf))
  const methods = take(METHODS, (values) => methodsOf(values, registry))
  const priority = take(PRIORITY, single(numberWithin(-1000, 1000)))
  const days = take(GRACE, single(numberWithin(1, 365)))
  const trustedDays = take(TRUSTED, single(numberWithin(0, 365)))
  for (const attribute of Object.keys(group.attributes).filter((name) => !KNOWN.includes(name))) {
    warn(attribute, `is none of Latchkey's attributes, which are ${KNOWN.join(', ')}`)
  }
  if (usable && enforcement === undefined) {
    for (const attribute of [METHODS, PRIORITY, GRACE, TRUSTED].filter((name) => name in group.attributes)) {
      warn(attribute, `counts only beside ${ENFORCEMENT}`)
    }
  }

  const rule = (): Reading['rule'] => {
    if (!usable) return 'unusable'
    if (enforcement === undefined) return 'none'
    return {
      groupId: group.id,
      enforcement,
      ...(methods === undefined ? {} : { methods }),
      priority: priority ?? 0,
      ...(days === undefined ? {} : { grace: { days } }),
      ...(trustedDays === undefined ? {} : { trustedDays }),
    }
  }
  return { rule: rule(), managers: listed(group.attributes[MANAGERS] ?? []), warnings }
}

export function warningOf(
  group: DirectoryGroup,
  attribute: string,
  message: string,
  only?: string,
): SyncWarning {
  const value = only ?? (group.attributes[attribute] ?? []).join(', ')
  const shown = value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value
  return { groupId: group.id, path: group.path, attribute, value: shown, message }
}

export function unknownManager(group: DirectoryGroup, name: string): SyncWarning {
  return warningOf(group, MANAGERS, 'no user has this name or id', name)
}

export function overruled(group: DirectoryGroup): SyncWarning {
  return warningOf(
    group,
    ENFORCEMENT,
    'does not count: an administrator gave this group a rule in Latchkey, which has to be removed first',
  )
}

function single<T>(parse: (value: string) => Read<T>): (values: string[]) => Read<T> {
  return ([value = '', ...others]) =>
    others.length > 0 ? { fault: 'must have one value, and has several' } : parse(value.trim().toLowerCase())
}

function enforcementOf(value: string): Read<Enforcement> {
  return value === 'required' || value === 'optional' || value === 'disabled'
    ? { value }
    : { fault: 'must be required, optional or disabled' }
}

function numberWithin(least: number, most: number): (value: string) => Read<number> {
  return (value) => {
    const number = /^[+-]?\d{1,6}$/.test(value) ? Number(value) : Number.NaN
    return number >= least && number <= most
      ? { value: number }
      : { fault: `must be a whole number from ${least} to ${most}` }
  }
}

function methodsOf(values: string[], registry: Registry): Read<MethodId[]> {
  const asked = new Set(listed(values).map((id) => id.toLowerCase()))
  const known = [...registry.keys()]
  const unknown = [...asked].find((id) => !registry.has(id))
  if (asked.size === 0 || unknown !== undefined) {
    return { fault: `must name methods that Latchkey knows: ${known.join(', ')}` }
  }
  const methods = known.filter((id) => asked.has(id))
  if (methods.every((id) => registry.get(id)?.companion === true)) {
    return { fault: `${methods.join(' and ')} can't be a user's only method: name another beside` }
  }
  return { value: methods }
}

/** Attributes have many values, or one with commas. */
function listed(values: string[]): string[] {
  const parts = values.flatMap((value) => value.split(',')).map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}
