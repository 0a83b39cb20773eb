import { graceParts } from './fields.ts'
import type { Spec } from './fields.ts'
import type { Field, Option } from '../render/admin-parts.ts'
import type { Visit } from './visit.ts'

/** Sentences about fields, by the name of what they set. */
export type Faults = ReadonlyMap<string, string>

/**
 * The fields of a form as a page shows them, with what was typed.
 * @param words the prefix of their texts: `setting.maxFailures` is a label, `setting.maxFailures.help` what it says
 */
export function fieldsOf(
  visit: Visit,
  specs: readonly Spec[],
  form: URLSearchParams,
  words: string,
  faults: Faults = new Map(),
): Field[] {
  let isFirst = true
  const focusOnce = (error: string | undefined) => {
    const focus = error !== undefined && isFirst
    if (focus) isFirst = false
    return focus ? { focus } : {}
  }
  const fieldOf = (spec: Spec): Field => {
    const { name, unit } = spec
    const help = helpOf(visit, words, spec)
    const error = faults.get(name)
    const control = controlOf(spec)
    const id = idOf(name)
    const about = [
      help === '' ? '' : `${id}-help`,
      control.kind === 'number' && control.max !== undefined ? `${id}-bounds` : '',
      error === undefined ? '' : `${id}-error`,
    ].filter((one) => one !== '')
    return {
      id,
      name,
      label: labelOf(visit, words, name),
      ...(help === '' ? {} : { help }),
      ...(unit === undefined ? {} : { unit: visit.term('unit', unit) }),
      ...(error === undefined ? {} : { error }),
      ...(about.length === 0 ? {} : { describedBy: about.join(' ') }),
      ...focusOnce(error),
      control,
    }
  }
  const controlOf = ({ name, kind }: Spec): Field['control'] => {
    const value = form.get(name) ?? ''
    switch (kind.kind) {
      case 'number': {
        const { min, max } = kind
        return {
          kind: 'number',
          value,
          ...(min === undefined ? {} : { min }),
          ...(max === undefined ? {} : { max }),
        }
      }
      case 'text':
      case 'numbers':
        return { kind: 'text', value }
      case 'moment':
        return { kind: 'moment', value, hasTime: value.includes('T') }
      case 'flag':
        return { kind: 'flag', on: value === 'on' }
      case 'words':
      case 'texts':
        return { kind: 'lines', value }
      case 'choice':
        return { kind: 'choice', options: choices(visit, name, kind.values, value) }
      case 'methods':
        return { kind: 'checks', options: methodsOf(visit, name, form.getAll(name), kind.all) }
      case 'grace':
        return {
          kind: 'fields',
          fields: [graceKind(visit, name, value), ...graceParts(name).map(fieldOf)],
        }
      case 'fields':
        return { kind: 'fields', fields: kind.fields.map(fieldOf) }
    }
  }
  return specs.map(fieldOf)
}

/** The label of a field; a name that no theme has words for is taken apart. */
export function labelOf({ term }: Pick<Visit, 'term'>, words: string, name: string): string {
  const label = term(words, name)
  if (label !== name) return label
  const bare = name.replace(/^.*\./, '').replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
  return bare.charAt(0).toUpperCase() + bare.slice(1)
}

/** What a field sets: in the theme's words, else in those of its schema. */
function helpOf({ term }: Visit, words: string, { name, sentence }: Spec): string {
  const key = `${name}.help`
  const help = term(words, key)
  return help === key ? sentence : help
}

function choices({ term }: Visit, name: string, values: readonly string[], value: string): Option[] {
  const prefix = name === 'enforcement' ? 'enforcement' : 'choice'
  return values.map((one) => ({ value: one, label: term(prefix, one), current: one === value }))
}

function methodsOf(visit: Visit, name: string, chosen: readonly string[], all: boolean) {
  const known = [...visit.context.kit().registry.keys()]
  const options = known.map((id) => ({
    id: idOf(`${name}.${id}`),
    value: id,
    label: visit.term('method', id),
    current: chosen.includes(id),
    ...noteOn(visit, id),
  }))
  if (!all) return options
  const every = { id: idOf(`${name}.all`), value: 'all', label: visit.say('everyMethod') }
  return [{ ...every, current: chosen.includes('all') }, ...options]
}

/** What NIST says of a method (R22). */
function noteOn({ say }: Visit, id: string): { note?: string } {
  return id === 'sms' || id === 'email' ? { note: say(`nist.${id}`) } : {}
}

/** Which of the two a grace is. */
function graceKind({ say }: Visit, name: string, value: string): Field {
  const options = ['', 'days', 'until'].map((kind) => ({
    value: kind,
    label: say(`grace.${kind === '' ? 'none' : kind}`),
    current: kind === value,
  }))
  return { id: idOf(`${name}.kind`), name, label: say('grace.kind'), control: { kind: 'choice', options } }
}

function idOf(name: string): string {
  return `field-${name.replaceAll('.', '-')}`
}
