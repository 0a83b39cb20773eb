import type { figuresAnswer } from '../api/list-figures.ts'
import type { z } from 'zod'
import type { Chart } from '../render/admin-parts.ts'
import type { Visit } from './visit.ts'

/** The size of a picture, in its own units. */
const WIDTH = 1000
const HEIGHT = 200
/** More columns than these would be too thin to see: weeks then. */
const MOST_COLUMNS = 100
const WEEK = 7

type Day = z.input<typeof figuresAnswer>['days'][number]

/** What a chart shows of a day: its parts from the ground up, each by the word that a theme colours it by. */
interface Series {
  key: string
  label: string
  /** Undefined where nobody counted. */
  of: (day: Day) => number | undefined
}

/** The pictures of some days, oldest first. */
export function chartsOf(visit: Pick<Visit, 'say' | 'term' | 'locale'>, days: readonly Day[]): Chart[] {
  const { say, term } = visit
  const methods = [...new Set(days.flatMap(({ verified }) => Object.keys(verified)))].toSorted()
  const series: [Chart['name'], 'sum' | 'last', Series[]][] = [
    [
      'logins',
      'sum',
      [
        ...methods.map((id) => ({
          key: id,
          label: term('method', id),
          of: ({ verified }: Day) => verified[id] ?? 0,
        })),
        { key: 'not-needed', label: say('chart.notNeeded'), of: ({ notNeeded }) => notNeeded },
      ],
    ],
    [
      'failures',
      'sum',
      [
        { key: 'failed', label: say('chart.failed'), of: ({ failed }) => failed },
        { key: 'locked', label: say('chart.locked'), of: ({ locked }) => locked },
      ],
    ],
    [
      'sms',
      'sum',
      [
        {
          key: 'answered',
          label: say('chart.answered'),
          of: ({ smsSent, smsVerified }) => Math.min(smsSent, smsVerified),
        },
        {
          key: 'unanswered',
          label: say('chart.unanswered'),
          of: ({ smsSent, smsVerified }) => Math.max(0, smsSent - smsVerified),
        },
      ],
    ],
    [
      'enrolled',
      'last',
      [{ key: 'enrolled', label: say('chart.enrolled'), of: (day) => day.enrolled ?? undefined }],
    ],
  ]
  return series.map(([name, kind, parts]) => chartOf(visit, name, kind, parts, days))
}

function chartOf(
  { locale }: Pick<Visit, 'locale'>,
  name: Chart['name'],
  kind: 'sum' | 'last',
  series: readonly Series[],
  days: readonly Day[],
): Chart {
  const words = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const spans = spansOf(days)
  const rows = spans.map((span) => ({
    day: words.format(new Date(span[0]?.day ?? 0)),
    values: series.map(({ of }) => {
      const known = span.map(of).filter((value) => value !== undefined)
      return kind === 'last' || known.length === 0 ? known.at(-1) : known.reduce((sum, one) => sum + one, 0)
    }),
  }))
  const highest = Math.max(
    0,
    ...rows.map(({ values }) => values.reduce<number>((sum, one) => sum + (one ?? 0), 0)),
  )
  const top = niceTop(highest)
  const step = WIDTH / Math.max(1, rows.length)
  return {
    name,
    weekly: spans.length < days.length,
    first: rows[0]?.day ?? '',
    last: words.format(new Date(days.at(-1)?.day ?? 0)),
    ticks: [top, top / 2, 0],
    series: series.map(({ key, label }, i) => {
      const own = rows.flatMap(({ values }) => values[i] ?? [])
      return {
        key,
        label,
        total: kind === 'sum' ? own.reduce((sum, one) => sum + one, 0) : (own.at(-1) ?? 0),
      }
    }),
    empty: highest === 0,
    parts: rows.flatMap(({ values }, column) => {
      let y = HEIGHT
      return values.flatMap((value, i) => {
        if (value === undefined || value === 0) return []
        const height = (value / top) * HEIGHT
        y -= height
        const key = series[i]?.key ?? ''
        return [
          {
            key,
            x: round(column * step + step / 10),
            y: round(y),
            width: round(step * 0.8),
            height: round(height),
          },
        ]
      })
    }),
    rows: rows.toReversed().map(({ day, values }) => ({
      day,
      cells: values.map((value, i) => ({
        label: series[i]?.label ?? '',
        ...(value === undefined ? {} : { value }),
      })),
    })),
  }
}

/** Days, or weeks where they are many; the last one ends with the last day. */
function spansOf(days: readonly Day[]): Day[][] {
  if (days.length <= MOST_COLUMNS) return days.map((day) => [day])
  const odd = days.length % WEEK
  const starts = Array.from(
    { length: Math.ceil(days.length / WEEK) },
    (_, i) => i * WEEK - (odd === 0 ? 0 : WEEK - odd),
  )
  return starts.map((start) => days.slice(Math.max(0, start), start + WEEK))
}

/** The end of an axis for values up to this one: 2, 4 or 10 times a power of ten, so that its half is whole. */
export function niceTop(highest: number): number {
  for (let power = 1; ; power *= 10) {
    const top = [2, 4, 10].find((digit) => digit * power >= highest)
    if (top !== undefined) return top * power
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
