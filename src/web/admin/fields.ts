import { z } from 'zod'

/** How a value is asked for, as its schema says. */
export type Kind =
  | { kind: 'number'; min: number | undefined; max: number | undefined }
  | { kind: 'text' }
  | { kind: 'moment' }
  | { kind: 'flag' }
  | { kind: 'choice'; values: string[] }
  /** A set of methods; `all` offers the word for every one. */
  | { kind: 'methods'; all: boolean }
  /** Words, one a line. */
  | { kind: 'words' }
  /** Whole numbers, one after the other. */
  | { kind: 'numbers' }
  /** A text by language, one a line: `de: …`. */
  | { kind: 'texts' }
  | { kind: 'grace' }
  | { kind: 'fields'; fields: Spec[] }

/** A field of a form by the name of what it sets. */
export interface Spec {
  name: string
  /** What it is, in English, as the schema says. */
  sentence: string
  unit: string | undefined
  kind: Kind
}

/** What a grace is asked by, besides which of the two it is. */
export function graceParts(name: string): Spec[] {
  const wordless = { sentence: '', unit: undefined }
  return [
    { ...wordless, name: `${name}.days`, kind: { kind: 'number', min: 1, max: 365 } },
    { ...wordless, name: `${name}.until`, kind: { kind: 'moment' } },
  ]
}

/** What is asked for in another way than its schema tells. */
const SPECIAL: Record<string, Kind> = {
  methods: { kind: 'methods', all: false },
  selfMethods: { kind: 'methods', all: true },
  grace: { kind: 'grace' },
}

/** The fields of an object, in its order; those that no form can ask for are left out. */
export function specsOf(shape: Record<string, z.ZodType>, prefix = ''): Spec[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const kind = SPECIAL[prefix + name] ?? kindOf(bare(schema), prefix + name)
    const unit = schema.meta()?.['unit']
    const sentence = schema.description ?? ''
    return kind === undefined
      ? []
      : [{ name: prefix + name, sentence, unit: typeof unit === 'string' ? unit : undefined, kind }]
  })
}

function kindOf(schema: z.ZodType, name: string): Kind | undefined {
  if (schema instanceof z.ZodNumber) {
    return { kind: 'number', min: schema.minValue ?? undefined, max: schema.maxValue ?? undefined }
  }
  if (schema instanceof z.ZodBoolean) return { kind: 'flag' }
  if (schema instanceof z.ZodEnum) return { kind: 'choice', values: schema.options.map(String) }
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return { kind: 'text' }
  if (schema instanceof z.ZodArray && bare(schema.element as z.ZodType) instanceof z.ZodString) {
    return { kind: 'words' }
  }
  if (schema instanceof z.ZodArray && bare(schema.element as z.ZodType) instanceof z.ZodNumber) {
    return { kind: 'numbers' }
  }
  if (schema instanceof z.ZodRecord) return { kind: 'texts' }
  if (schema instanceof z.ZodObject) {
    return { kind: 'fields', fields: specsOf(schema.shape, `${name}.`) }
  }
  return undefined
}

function bare(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? bare(schema.unwrap() as z.ZodType)
    : schema
}
