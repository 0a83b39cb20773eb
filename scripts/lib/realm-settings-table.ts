import { z } from 'zod'
import { realmSettings } from '../../src/core/settings.ts'

/** The part of JSON Schema that the settings are described in. */
interface Field {
  type?: string
  const?: unknown
  default?: unknown
  enum?: unknown[]
  anyOf?: Field[]
  properties?: Record<string, Field>
  required?: string[]
  propertyNames?: Field
  additionalProperties?: Field
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  unit?: string
  description?: string
}

/** The table of a realm's settings, made from where they are declared. */
export function realmSettingsTable(): string {
  const { properties = {} } = z.toJSONSchema(realmSettings, { io: 'input' }) as Field
  const rows = Object.entries(properties).map(
    ([name, field]) =>
      `| \`${name}\` | ${defaultOf(field)} | ${boundsOf(field)} | ${field.unit ?? ''} | ${field.description} |`,
  )
  return ['| name | default | allowed | unit | what |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

function defaultOf({ default: value }: Field): string {
  return value === undefined ? '*none*' : `\`${JSON.stringify(value)}\``
}

function boundsOf(field: Field): string {
  if (field.anyOf !== undefined) return field.anyOf.map(boundsOf).join(' or ')
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``
  if (field.enum !== undefined) return field.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
  switch (field.type) {
    case 'integer':
      return `${number(field.minimum)} to ${number(field.maximum)}`
    case 'boolean':
      return '`true`, `false`'
    case 'string':
      return field.format ?? textBounds(field)
    case 'array':
      return field.maxItems === undefined ? 'list' : `list of at most ${field.maxItems}`
    case undefined:
    default:
      if (field.propertyNames !== undefined) return `${boundsOf(field.additionalProperties ?? {})} each`
      return `\`{ … }\` with ${Object.entries(field.properties ?? {})
        .map(([name, part]) => {
          const optional = field.required?.includes(name) === true ? '' : ' (may be left out)'
          return `\`${name}\`${optional}: ${boundsOf(part)}`
        })
        .join('; ')}`
  }
}

function textBounds({ minLength, maxLength }: Field): string {
  return minLength === undefined && maxLength === undefined
    ? 'text'
    : `${number(minLength)} to ${number(maxLength)} characters`
}

function number(value: number | undefined): string {
  return new Intl.NumberFormat('en').format(value ?? 0)
}
