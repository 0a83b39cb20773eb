import { z } from 'zod'
import type { AuditEvent, AuditQuery } from '../../core/audit/audit.ts'
import { asked, id, moment, present } from './fields.ts'

/** Every event; the type check holds that none is missing. */
const EVENTS = {
  'challenge.succeeded': true,
  'challenge.failed': true,
  'enrolment.succeeded': true,
  'enrolment.failed': true,
  'method.cloned': true,
  'lockout.started': true,
  'code.sent': true,
  'link.sent': true,
  'link.used': true,
  'decision.needed': true,
  'decision.not-needed': true,
  'decision.proposed': true,
  'device.trusted': true,
  'device.used': true,
  'device.copied': true,
  'device.forgotten': true,
  'device.revoked': true,
  'settings.changed': true,
  'secret.changed': true,
  'mail.tested': true,
  'sms.tested': true,
  'notice.texted': true,
  'rule.saved': true,
  'rule.removed': true,
  'proposal.saved': true,
  'proposal.removed': true,
  'override.saved': true,
  'override.removed': true,
  'method.imported': true,
  'method.removed': true,
  'method.renamed': true,
  'method.preferred': true,
  'methods.removed': true,
  'methods.replaced': true,
  'method.revoked': true,
  'methods.reset': true,
  'user.created': true,
  'deletion.refused': true,
  'user.unlocked': true,
  'bypass.given': true,
  'bypass.used': true,
  'bypass.taken-back': true,
  'user.gone': true,
  'user.returned': true,
  'sync.confirmed': true,
  'audit.exported': true,
} satisfies Record<AuditEvent, true>

/** The events by name. */
export const event = z.enum(Object.keys(EVENTS) as AuditEvent[])

/** Which entries. */
export const auditFilter = {
  user: id.optional().meta({ description: 'Entries about this user.' }),
  actor: id.optional().meta({
    description:
      'Entries of what this user, or `latchkey:worker`, `latchkey:command-line` or `keycloak:console`, did.',
  }),
  event: event.optional(),
  from: asked.optional().meta({ type: 'string', format: 'date-time' }),
  to: asked.optional().meta({ type: 'string', format: 'date-time', description: 'Not included.' }),
}

type Filter = z.output<z.ZodObject<typeof auditFilter>>

export function toAuditQuery({ user, actor, event: wanted, from, to }: Filter): AuditQuery {
  return present({ userId: user, actor, event: wanted, from, to })
}

export const entryAnswer = z
  .strictObject({
    seq: z.int().nullable().meta({ description: "Its number in the realm's chain, once it is sealed." }),
    at: moment,
    event: z.string(),
    realm: z.string(),
    user: z.string().meta({ description: 'Whom it is about; empty where it is about the realm.' }),
    actor: z.string().meta({ description: 'Who did it.' }),
    address: z.string().nullable().meta({ description: 'From which network address.' }),
    why: z.string().nullable().meta({ description: 'The sentence of a decision.' }),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' })
