import { z } from 'zod'
import type { Proposal } from '../../core/administration/administration.ts'
import type { KeptRule } from '../../core/administration/administration.ts'
import { saidBy } from '../../core/administration/changes.ts'
import { explain } from '../../core/policy/explain.ts'
import { grace, trustedDays } from '../../core/settings.ts'
import { enforcement, id } from './fields.ts'
import { etagOf } from './preconditions.ts'

export const groupParams = z.strictObject({
  groupId: id.meta({ description: "The group's id in Keycloak." }),
})

const rule = {
  groupId: z.string(),
  path: z.string().nullable().meta({ description: "The group's path; null where it is not known." }),
  enforcement,
  methods: z
    .array(z.string())
    .optional()
    .meta({ description: 'The methods allowed; absent: those of the realm.' }),
  priority: z.int().meta({ description: 'The highest wins.' }),
  grace: grace.optional(),
  trustedDays: trustedDays
    .optional()
    .meta({ description: 'How long a device may be trusted, days; absent: as the realm says.' }),
  version: z.int(),
  etag: z.string().meta({ description: 'For If-Match.' }),
  sentence: z.string().meta({ description: 'What a decision by it says.' }),
}

export const ruleAnswer = z
  .strictObject({
    ...rule,
    origin: z.enum(['administrator', 'attribute']).meta({
      description: "`attribute`: the group's attributes in Keycloak say it, and it is edited there.",
    }),
  })
  .meta({ id: 'Rule' })

export const rulesAnswer = z.strictObject({
  rules: z.array(ruleAnswer),
  proposals: z.array(z.strictObject(rule)).meta({ description: 'Changes that are only reported on.' }),
})

export const proposalAnswer = z
  .strictObject({
    ...rule,
    since: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When it became what it is; null where the audit does not tell.' }),
    otherwise: z.strictObject({ decisions: z.int(), users: z.int() }).meta({
      description: 'What it would have decided otherwise since: how many logins, of how many users.',
    }),
  })
  .meta({ id: 'Proposal' })

function said(kept: Proposal, path: string | undefined) {
  return {
    groupId: kept.groupId,
    path: path ?? null,
    ...saidBy(kept),
    version: kept.version,
    etag: etagOf(kept.version),
    sentence: explain(kept.enforcement, {
      rule: 'group',
      groupId: kept.groupId,
      path: path ?? kept.groupId,
    }),
  }
}

export function toRuleAnswer(kept: KeptRule, path: string | undefined): z.input<typeof ruleAnswer> {
  return { ...said(kept, path), origin: kept.origin }
}

export function toProposalListed(
  kept: Proposal,
  path: string | undefined,
): z.input<typeof rulesAnswer>['proposals'][number] {
  return said(kept, path)
}

export const RULE_EXAMPLE: z.input<typeof ruleAnswer> = {
  groupId: '6f1a0d5e-0c51-4b7e-9a34-000000000001',
  path: '/finance',
  enforcement: 'required',
  methods: ['totp', 'backup-codes'],
  priority: 10,
  grace: { days: 14 },
  trustedDays: 0,
  version: 3,
  etag: '"3"',
  sentence: 'Required, because of the rule for the group /finance',
  origin: 'administrator',
}
