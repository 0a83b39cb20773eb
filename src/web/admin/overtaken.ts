import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import type { Spec } from './fields.ts'
import { labelOf } from './field-views.ts'
import { inWords } from './in-words.ts'
import { whenOf } from './visit.ts'
import type { Visit } from './visit.ts'

type Conflict = Extract<AdminView, { page: 'conflict' }>

const changes = z.array(
  z.object({ field: z.string(), from: z.unknown(), to: z.unknown(), by: z.string(), at: z.string() }),
)

/** What somebody else changed since a form was opened, by the name of a field. */
export type Changed = z.output<typeof changes>

/**
 * What was changed since, as the API's refusal of a stale change tells it; undefined where it did not refuse for that.
 * @throws whatever else went wrong
 */
export async function changedSince(attempt: () => Promise<unknown>): Promise<Changed | undefined> {
  try {
    await attempt()
    return undefined
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'precondition-failed') throw error
    return changes.parse(error.extra['changed'])
  }
}

/** A version as a form carries it; undefined where it is none, or written in another way than ours. */
export function versionIn(text: string): number | undefined {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}

/** Parts of what both wanted: where they differ, and where only somebody else changed something. */
export function compare(changed: Changed, mine: ReadonlyMap<string, unknown>) {
  const wanted = ({ field, from }: Changed[number]) => mine.has(field) && !isSame(mine.get(field), from)
  const differs = (one: Changed[number]) => wanted(one) && !isSame(mine.get(one.field), one.to)
  return { both: changed.filter(differs), others: changed.filter((one) => !wanted(one)) }
}

/** The two values of each field, for people. */
export async function conflictFields(
  visit: Visit,
  specs: readonly Spec[],
  words: string,
  { both, others }: ReturnType<typeof compare>,
  mine: ReadonlyMap<string, unknown>,
): Promise<Pick<Conflict, 'fields' | 'others'>> {
  const told = async ({ field, from, to, by, at }: Changed[number]) => {
    const kind = specs.find(({ name }) => name === field)?.kind ?? { kind: 'text' as const }
    const worded = (value: unknown) => inWords(visit, { name: field, kind }, value)
    const user = await visit.context.admin.user(visit.realm.name, by)
    return {
      name: field,
      label: labelOf(visit, words, field),
      was: worded(from),
      theirs: worded(to),
      mine: worded(mine.get(field)),
      by: user?.user.username ?? visit.term('actor', by),
      at: whenOf(visit, at),
    }
  }
  return { fields: await Promise.all(both.map(told)), others: await Promise.all(others.map(told)) }
}

/** Whether two values of a field are one: null is nothing, and no form can order a list. */
export function isSame(a: unknown, b: unknown): boolean {
  const [left, right] = [a, b].map((one) =>
    Array.isArray(one) ? one.map(String).toSorted(inOrder) : (one ?? undefined),
  )
  return isDeepStrictEqual(left, right)
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
