import { SECRET_NAMES } from './administration.ts'
import type { AdminChange, KeptRule, Proposal, RealmPolicy, SecretName } from './administration.ts'
import type { AuditEntry, AuditEvent } from '../audit/audit.ts'
import type { Rule } from '../policy/policy.ts'
import { realmSettings } from '../settings.ts'
import type { RealmSettings } from '../settings.ts'

/** Who changes something: a user's id, WORKER, COMMAND_LINE or KEYCLOAK; from which address; when, epoch milliseconds. */
export interface By {
  actor: string
  address?: string
  at: number
}

/** What differs, by field; null stands for "nothing". */
export type FieldChanges = Record<string, { from: unknown; to: unknown }>

/** A group's rule or its proposal, in a realm. `path` is for whoever reads the audit. */
export interface RuleTarget {
  realm: string
  groupId: string
  path: string | undefined
}

/** An entry of the audit by whom a change is. */
export function entryBy(
  { actor, address, at }: By,
  entry: { event: AuditEvent; realm: string; userId?: string; detail: Record<string, unknown> },
): AuditEntry {
  return { userId: '', ...entry, actor, at, ...(address === undefined ? {} : { address }) }
}

/** Sets the realm's settings to these; undefined where they are these already. */
export function changeSettings(
  realm: string,
  policy: Pick<RealmPolicy, 'set' | 'settings' | 'version'>,
  set: Partial<RealmSettings>,
  by: By,
): AdminChange | undefined {
  const fields = Object.keys(differences(policy.set, set))
  if (fields.length === 0) return undefined
  // People are told what holds, also where a field was or is left to its default.
  const [before, after] = [policy.settings, realmSettings.parse(set)].map(fieldsOf)
  const changes: FieldChanges = Object.fromEntries(
    fields.map((name) => [name, { from: before?.get(name) ?? null, to: after?.get(name) ?? null }]),
  )
  const version = policy.version + 1
  const moved = movedSecrets(policy.settings, realmSettings.parse(set))
  return {
    realm,
    settings: { next: set, version: policy.version },
    // They were entered for what was named before, and are not for whoever runs something else to be told.
    ...(moved.length === 0 ? {} : { secrets: moved.map((name) => ({ name, value: undefined })) }),
    audit: [
      entryBy(by, { event: 'settings.changed', realm, detail: { version, changes } }),
      ...moved.map((name) => entryBy(by, { event: 'secret.changed', realm, detail: { name, set: false } })),
    ],
  }
}

/** To whom each secret is told; undefined: to nobody. */
const TOLD: Record<SecretName, (settings: RealmSettings) => unknown> = {
  'mail-password': ({ mail }) => mail && [mail.host, mail.port, mail.security, mail.username ?? null],
  'twilio-auth-token': ({ smsTwilio }) => smsTwilio?.accountSid,
  'sms-webhook-secret': ({ smsWebhook }) => smsWebhook,
}

/** The secrets that would be told to somebody else, or to anybody on the way, than they were entered for. */
function movedSecrets(before: RealmSettings, after: RealmSettings): SecretName[] {
  return SECRET_NAMES.filter((name) => {
    const told = TOLD[name]
    return told(before) !== undefined && canonical(told(before)) !== canonical(told(after))
  })
}

/** Sets a secret; `value` undefined takes it away. */
export function changeSecret(
  realm: string,
  name: SecretName,
  value: string | undefined,
  by: By,
): AdminChange {
  return {
    realm,
    secrets: [{ name, value }],
    audit: [entryBy(by, { event: 'secret.changed', realm, detail: { name, set: value !== undefined } })],
  }
}

/** Gives a group this rule; undefined where it has just that. */
export function changeRule(
  target: RuleTarget,
  kept: KeptRule | undefined,
  rule: Rule,
  by: By,
): AdminChange | undefined {
  const saved = saving('rule.saved', target, kept, rule, by)
  return (
    saved && {
      realm: target.realm,
      saveRules: [{ rule, origin: 'administrator', version: kept?.version }],
      audit: [saved],
    }
  )
}

export function removeRule(target: RuleTarget, kept: KeptRule, by: By): AdminChange {
  return {
    realm: target.realm,
    removeRules: [{ groupId: target.groupId, version: kept.version }],
    audit: [removing('rule.removed', target, kept, by)],
  }
}

/** Gives a group this proposal; undefined where it has just that. */
export function changeProposal(
  target: RuleTarget,
  kept: Proposal | undefined,
  rule: Rule,
  by: By,
): AdminChange | undefined {
  const saved = saving('proposal.saved', target, kept, rule, by)
  return saved && { realm: target.realm, saveProposal: { rule, version: kept?.version }, audit: [saved] }
}

export function removeProposal(target: RuleTarget, kept: Proposal, by: By): AdminChange {
  return {
    realm: target.realm,
    removeProposal: { groupId: target.groupId, version: kept.version },
    audit: [removing('proposal.removed', target, kept, by)],
  }
}

/**
 * Puts settings and rules in the place of the realm's; undefined where they are these already. Rules that Keycloak's
 * attributes say are left alone, since the worker would bring them back.
 */
export function replacePolicy(
  realm: string,
  policy: RealmPolicy,
  next: { settings: Partial<RealmSettings>; rules: readonly Rule[] },
  by: By,
  paths: ReadonlyMap<string, string> = new Map(),
): AdminChange | undefined {
  const target = (groupId: string) => ({ realm, groupId, path: paths.get(groupId) })
  const wanted = new Map(next.rules.map((rule) => [rule.groupId, rule]))
  const parts = [
    changeSettings(realm, policy, next.settings, by),
    ...policy.rules
      .filter(({ origin, groupId }) => origin === 'administrator' && !wanted.has(groupId))
      .map((kept) => removeRule(target(kept.groupId), kept, by)),
    ...[...wanted.values()].map((rule) => {
      const kept = policy.rules.find(({ groupId }) => groupId === rule.groupId)
      return changeRule(target(rule.groupId), kept, rule, by)
    }),
  ].filter((part) => part !== undefined)
  if (parts.length === 0) return undefined
  const { settings, secrets } = parts.find((part) => part.settings !== undefined) ?? {}
  return {
    realm,
    ...(settings === undefined ? {} : { settings }),
    ...(secrets === undefined ? {} : { secrets }),
    saveRules: parts.flatMap((part) => part.saveRules ?? []),
    removeRules: parts.flatMap((part) => part.removeRules ?? []),
    audit: parts.flatMap((part) => part.audit),
  }
}

function saving(
  event: AuditEvent,
  { realm, groupId, path }: RuleTarget,
  kept: (Rule & { version: number }) | undefined,
  rule: Rule,
  by: By,
): AuditEntry | undefined {
  const changes = differences(kept === undefined ? {} : saidBy(kept), saidBy(rule))
  if (Object.keys(changes).length === 0) return undefined
  const version = kept === undefined ? by.at : kept.version + 1
  return entryBy(by, { event, realm, detail: { groupId, path, version, changes } })
}

function removing(
  event: AuditEvent,
  { realm, groupId, path }: RuleTarget,
  kept: Rule & { version: number },
  by: By,
): AuditEntry {
  const changes = differences(saidBy(kept), {})
  return entryBy(by, { event, realm, detail: { groupId, path, version: kept.version + 1, changes } })
}

/** What a rule says, without whose it is and how it is kept. */
export function saidBy({ enforcement, methods, priority, grace, trustedDays }: Rule): Omit<Rule, 'groupId'> {
  return {
    enforcement,
    ...(methods === undefined ? {} : { methods }),
    priority,
    ...(grace === undefined ? {} : { grace }),
    ...(trustedDays === undefined ? {} : { trustedDays }),
  }
}

/** The fields in which two objects of plain JSON differ. */
export function differences(before: object, after: object): FieldChanges {
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  const names = new Set([...old.keys(), ...now.keys()])
  return Object.fromEntries(
    [...names]
      .map((name) => [name, { from: old.get(name) ?? null, to: now.get(name) ?? null }] as const)
      .filter(([, { from, to }]) => canonical(from) !== canonical(to)),
  )
}

function fieldsOf(object: object): Map<string, unknown> {
  return new Map(Object.entries(object))
}

/** JSON in which the order of keys says nothing. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
