import { labelOf } from './field-views.ts'
import type { Spec } from './fields.ts'
import { untilOf } from './visit.ts'
import type { Visit } from './visit.ts'

/** A field's value for people. */
export function inWords(visit: Visit, { name, kind }: Pick<Spec, 'name' | 'kind'>, value: unknown): string {
  const { say, term } = visit
  if (value === undefined || value === null || value === '') return say('nothing')
  switch (kind.kind) {
    case 'flag':
      return say(value === true ? 'yes' : 'no')
    case 'choice':
      return term(name === 'enforcement' ? 'enforcement' : 'choice', text(value))
    case 'methods':
      if (value === 'all') return say('everyMethod')
      return listed(
        visit,
        list(value).map((id) => term('method', id)),
      )
    case 'numbers':
    case 'words':
      return listed(visit, list(value))
    case 'grace': {
      const { days, until } = value as { days?: number; until?: string }
      if (days !== undefined) return say('grace.daysLong', days)
      return say('grace.untilLong', untilOf(visit, until ?? '').text)
    }
    case 'texts':
      return listed(
        visit,
        Object.entries(value).map(([tag, sentence]) => `${tag}: ${text(sentence)}`),
      )
    case 'fields': {
      const table = value as Record<string, unknown>
      const parts = kind.fields.flatMap((field) => {
        const own = table[field.name.slice(name.length + 1)]
        return own === undefined
          ? []
          : [`${labelOf(visit, 'setting', field.name)}: ${inWords(visit, field, own)}`]
      })
      return parts.join('; ')
    }
    case 'number':
    case 'text':
    case 'moment':
      return text(value)
  }
}

function listed({ say }: Visit, values: readonly string[]): string {
  return values.length === 0 ? say('nothing') : values.join(', ')
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}
