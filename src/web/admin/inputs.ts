import type { Spec } from './fields.ts'

/** What a form's inputs say of a field: JSON, as the API takes it; undefined where the field is left empty. */
export function valueOf({ name, kind }: Spec, form: URLSearchParams): unknown {
  const text = form.get(name)?.trim() ?? ''
  switch (kind.kind) {
    case 'number':
      return text === '' ? undefined : numberOf(text)
    case 'text':
    case 'moment':
    case 'choice':
      return text === '' ? undefined : text
    case 'flag':
      return text === 'on'
    case 'methods': {
      const chosen = form.getAll(name)
      return kind.all && chosen.includes('all') ? 'all' : chosen
    }
    case 'numbers':
      return wordsIn(text).map(numberOf)
    case 'words':
      return wordsIn(text)
    case 'texts':
      return Object.fromEntries(text.split(/\r?\n/).flatMap(pairOf))
    case 'grace':
      return graceOf(text, name, form)
    case 'fields': {
      const entries = kind.fields.flatMap((field) => {
        const value = valueOf(field, form)
        return value === undefined ? [] : [[field.name.slice(name.length + 1), value] as const]
      })
      // A choice always says something.
      const isEmpty = kind.fields.every(
        (field) => field.kind.kind === 'choice' || valueOf(field, form) === undefined,
      )
      return isEmpty ? undefined : Object.fromEntries(entries)
    }
  }
}

/** The inputs of a field that has this value. */
export function inputsOf({ name, kind }: Spec, value: unknown): [string, string][] {
  switch (kind.kind) {
    case 'flag':
      return value === true ? [[name, 'on']] : []
    case 'methods':
      return value === 'all' ? [[name, 'all']] : wordsOf(value).map((id) => [name, id])
    case 'numbers':
      return [[name, wordsOf(value).join(', ')]]
    case 'words':
      return [[name, wordsOf(value).join('\n')]]
    case 'texts':
      return [
        [
          name,
          Object.entries(tableOf(value))
            .map(([tag, text]) => `${tag}: ${String(text)}`)
            .join('\n'),
        ],
      ]
    case 'grace': {
      const { days, until } = tableOf(value)
      if (typeof days === 'number')
        return [
          [name, 'days'],
          [`${name}.days`, String(days)],
        ]
      if (typeof until === 'string') {
        return [
          [name, 'until'],
          [`${name}.until`, until.includes('T') ? new Date(until).toISOString().slice(0, 16) : until],
        ]
      }
      return [[name, '']]
    }
    case 'fields': {
      const table = tableOf(value)
      return kind.fields.flatMap((field) => inputsOf(field, table[field.name.slice(name.length + 1)]))
    }
    case 'number':
    case 'text':
    case 'moment':
    case 'choice':
      return [[name, typeof value === 'string' || typeof value === 'number' ? String(value) : '']]
  }
}

/** What is no number stays as it is, for the API to say what it must be. */
function numberOf(text: string): number | string {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}

function graceOf(choice: string, name: string, form: URLSearchParams): unknown {
  if (choice === 'days') return { days: numberOf(form.get(`${name}.days`)?.trim() ?? '') }
  if (choice !== 'until') return undefined
  const until = form.get(`${name}.until`)?.trim() ?? ''
  // A date is one of the realm's time zone. The browser's own input of a time has neither seconds nor a zone; the page says that it is UTC.
  return { until: /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(until) ? `${until}:00Z` : until }
}

function pairOf(line: string): [string, string][] {
  const [, tag = '', text = ''] = /^\s*([^:]*?)\s*:\s*(.*?)\s*$/.exec(line) ?? [undefined, line.trim(), '']
  return tag === '' && text === '' ? [] : [[tag, text]]
}

function wordsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

function wordsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
