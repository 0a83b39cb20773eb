import { z } from 'zod'
import type { SyncState } from '../../core/sync/sync.ts'
import { iso, isoOrNull, moment } from './fields.ts'

const count = z.int().min(0)

export const syncAnswer = z
  .strictObject({
    running: z
      .strictObject({
        pass: z.int(),
        startedAt: moment,
        phase: z.enum(['groups', 'users', 'members', 'gone']),
        done: count,
        total: count,
      })
      .nullable()
      .meta({ description: 'The pass under way.' }),
    last: z
      .strictObject({
        result: z.enum(['done', 'stopped', 'failed']),
        startedAt: moment,
        endedAt: moment,
        users: count,
        groups: count,
        changes: count,
      })
      .nullable(),
    completedAt: moment.nullable().meta({ description: 'The newest full pass that went through.' }),
    problem: z
      .strictObject({
        reason: z.enum(['refused', 'unreachable', 'empty', 'failed']),
        message: z.string(),
        since: moment,
      })
      .nullable(),
    failures: count.meta({ description: 'Failures in a row.' }),
    retryAt: moment.nullable(),
    asks: z
      .strictObject({
        pass: z.int(),
        users: count,
        rules: z.array(z.strictObject({ groupId: z.string(), path: z.string() })),
      })
      .nullable()
      .meta({
        description: 'What a pass would drop, and waits to be told to: POST its `pass` as `confirm`.',
      }),
    warnings: z
      .array(
        z.strictObject({
          groupId: z.string(),
          path: z.string(),
          attribute: z.string(),
          value: z.string(),
          message: z.string(),
        }),
      )
      .meta({ description: 'Attributes in Keycloak that say nothing usable, and were skipped.' }),
  })
  .meta({ id: 'Sync' })

export const syncBody = z.strictObject({
  confirm: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'The pass whose drops are wanted, as `asks.pass` names it; for tfa-admin alone.' }),
})

export function toSync({ running, last, problem, asks, ...state }: SyncState): z.input<typeof syncAnswer> {
  return {
    running: running === undefined ? null : { ...running, startedAt: iso(running.startedAt) },
    last: last === undefined ? null : { ...last, startedAt: iso(last.startedAt), endedAt: iso(last.endedAt) },
    completedAt: isoOrNull(state.completedAt),
    problem: problem === undefined ? null : { ...problem, since: iso(problem.since) },
    failures: state.failures,
    retryAt: isoOrNull(state.retryAt),
    asks: asks ?? null,
    warnings: state.warnings,
  }
}
