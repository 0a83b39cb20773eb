import { sql } from 'kysely'
import { dayOf, FIGURE_DAYS, figuresOf } from '../../core/audit/figures.ts'
import type { FigureName, FigureStore } from '../../core/audit/figures.ts'
import type { MethodId } from '../../core/method.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'

const DAY = 86_400_000

/** Milliseconds between two counts of those who are enrolled. */
export const COUNT_EVERY = 15 * 60_000

export function createFigureStore({ db }: Database): FigureStore {
  return {
    async since(realm, day) {
      const rows = await db
        .selectFrom('figure')
        .select(['day', 'name', 'count'])
        .where('realm', '=', realm)
        .where('day', '>=', day)
        .execute()
      return rows.map(({ name, ...row }) => ({ ...row, name: name as FigureName }))
    },
  }
}

/** The write that adds what entries of the audit count as; none where they count as nothing. */
export function countEntries(
  { sqlite }: Database,
  realm: string,
  entries: readonly { at: string; event: string; detail: string }[],
): Write[] {
  const counts = new Map<string, { day: string; name: string; count: number }>()
  for (const { at, event, detail } of entries) {
    const day = dayIn(at)
    if (day === undefined) continue
    for (const name of figuresOf(event, detailIn(detail))) {
      const key = `${day} ${name}`
      counts.set(key, { day, name, count: (counts.get(key)?.count ?? 0) + 1 })
    }
  }
  if (counts.size === 0) return []
  const text = JSON.stringify([...counts.values()])
  // `where true`: SQLite would take `on conflict` for the condition of a join.
  const rows =
    sqlite === undefined
      ? sql`json_to_recordset(${text}::json) as one(day text, name text, count bigint) where true`
      : sql`(select value ->> 'day' as day, value ->> 'name' as name, value ->> 'count' as count
          from json_each(${text})) as one where true`
  const statement = sql`insert into figure (realm, day, name, count)
    select ${realm}, one.day, one.name, one.count from ${rows}
    on conflict (realm, day, name) do update set count = figure.count + excluded.count`
  return [{ statement }]
}

/**
 * Writes down how many users of a realm have a method that stands alone; the last count of a day is the day's.
 * @param now epoch milliseconds
 */
export async function countEnrolled(
  { db }: Database,
  realm: string,
  companions: ReadonlySet<MethodId>,
  now: number,
): Promise<void> {
  const alone = [...companions]
  const { count } = await db
    .selectFrom('credential')
    .select(({ fn }) => fn.count<number>('user_id').distinct().as('count'))
    .where('realm', '=', realm)
    .where('gone_at', 'is', null)
    .$if(alone.length > 0, (query) => query.where('method', 'not in', alone))
    .executeTakeFirstOrThrow()
  await db
    .insertInto('figure')
    .values({ realm, day: dayOf(now), name: 'enrolled' satisfies FigureName, count })
    .onConflict((on) => on.columns(['realm', 'day', 'name']).doUpdateSet({ count }))
    .execute()
}

/** Forgets what is older than figures are kept. @param now epoch milliseconds */
export async function pruneFigures({ db }: Pick<Database, 'db'>, now: number): Promise<void> {
  await db
    .deleteFrom('figure')
    .where('day', '<', dayOf(now - FIGURE_DAYS * DAY))
    .execute()
}

/** Undefined where the time was forged to be none, or one that has no day. */
function dayIn(at: string): string | undefined {
  const time = new Date(Number(at))
  return /^\d{1,15}$/.test(at) && !Number.isNaN(time.getTime()) ? dayOf(time.getTime()) : undefined
}

function detailIn(text: string): Record<string, unknown> {
  try {
    const detail: unknown = JSON.parse(text)
    return typeof detail === 'object' && detail !== null ? { ...detail } : {}
  } catch {
    return {}
  }
}
