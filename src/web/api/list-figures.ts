import { z } from 'zod'
import { dayOf, FIGURE_DAYS } from '../../core/audit/figures.ts'
import type { Figure } from '../../core/audit/figures.ts'
import type { Answer, Call } from './endpoint.ts'
import { wholeNumber } from './fields.ts'

const DAY = 86_400_000

export const figuresQuery = z.strictObject({
  days: wholeNumber(1, FIGURE_DAYS, 30, 'How many days, today the last.'),
})

const count = (description: string) => z.int().meta({ description })

const dayAnswer = z
  .strictObject({
    day: z.iso.date().meta({ description: 'UTC.' }),
    verified: z
      .record(z.string(), z.int())
      .meta({ description: 'Second factors that were given, by method; those that were given at all.' }),
    notNeeded: count('Logins that went on without a second factor.'),
    failed: count('Wrong codes, in set-ups, too.'),
    locked: count('Lockouts that began.'),
    enrolments: count('Methods that were set up.'),
    smsSent: count('Text messages that were handed to the provider: codes, notices, tests.'),
    smsVerified: count('Codes by text message that were given back.'),
    enrolled: z.int().nullable().meta({
      description:
        'Users who had a method at the end of the day, or have one now; null where nobody counted.',
    }),
  })
  .meta({ id: 'DayFigures' })

export const figuresAnswer = z.strictObject({
  days: z.array(dayAnswer).meta({ description: 'Oldest first, every one of them.' }),
})

type Day = z.input<typeof dayAnswer>

/** What happened on each of the last days, as the audit tells it; seconds old at most. */
export async function listFigures({
  context,
  realm,
  query,
}: Call<unknown, z.output<typeof figuresQuery>>): Promise<Answer<z.input<typeof figuresAnswer>>> {
  const { now } = context.kit()
  const days = Array.from({ length: query.days }, (_, i) => dayOf(now - (query.days - 1 - i) * DAY))
  const found = await context.figures.since(realm.name, days[0] ?? dayOf(now))
  const byDay = Map.groupBy(found, ({ day }) => day)
  return { body: { days: days.map((day) => dayFigures(day, byDay.get(day) ?? [])) } }
}

function dayFigures(day: string, figures: readonly Figure[]): Day {
  const counts = new Map(figures.map(({ name, count: many }) => [name, many]))
  const verified = [...counts].flatMap(([name, many]) => {
    const [, method] = /^verified\.(.+)$/.exec(name) ?? []
    return method === undefined ? [] : [[method, many] as const]
  })
  return {
    day,
    verified: Object.fromEntries(verified),
    notNeeded: counts.get('not-needed') ?? 0,
    failed: counts.get('failed') ?? 0,
    locked: counts.get('locked') ?? 0,
    enrolments: counts.get('enrolments') ?? 0,
    smsSent: counts.get('sms-sent') ?? 0,
    smsVerified: counts.get('sms-verified') ?? 0,
    enrolled: counts.get('enrolled') ?? null,
  }
}
