import { z } from 'zod'
import { isCountry } from '../login/phone.ts'
import type { MethodId, Registry } from '../method.ts'
import type { Rule } from '../policy/policy.ts'
import { checkedSettings, grace, realmSettings, trustedDays } from '../settings.ts'
import type { RealmSettings } from '../settings.ts'

/** What a rule says beside which group it is of. */
export type RuleBody = Omit<Rule, 'groupId'>

/** A change of settings as RFC 7396 has it: null puts a field back to its default. */
export type SettingsPatch = { [K in keyof RealmSettings]?: RealmSettings[K] | null }

const MAX_PRIORITY = 1_000_000

/**
 * What administrators write of a policy, by whatever way it comes; a method must be one of the registry, and a set of
 * them have one that stands alone (S18).
 */
export function policyInput(registry: Registry): {
  settings: z.ZodType<Partial<RealmSettings>>
  patch: z.ZodType<SettingsPatch>
  rule: z.ZodObject<Record<string, z.ZodType>> & z.ZodType<RuleBody>
} {
  const methods = methodsOf(registry)
  const known: Record<string, z.ZodType> = {
    methods,
    selfMethods: selfMethodsOf(registry),
    smsCountries: withoutDefault(realmSettings.shape.smsCountries).check(
      z.refine((codes) => (codes as string[]).every(isCountry), 'must be countries that have numbers'),
    ),
  }
  const fields = Object.entries(realmSettings.shape).map(
    ([name, field]) => [name, told(known[name] ?? withoutDefault(field), field)] as const,
  )
  const object = (change: (field: z.ZodType) => z.ZodType) =>
    z.strictObject(Object.fromEntries(fields.map(([name, field]) => [name, change(field)])))
  return {
    settings: object((field) => field.optional()).superRefine((set, context) => {
      for (const { path, message } of faultsOf(set)) context.addIssue({ code: 'custom', path, message })
    }),
    patch: object((field) => nullable(field).optional()),
    rule: z.strictObject({
      enforcement: realmSettings.shape.enforcement.unwrap(),
      methods: methods.optional().meta({ description: 'The methods allowed; absent: those of the realm.' }),
      priority: z
        .int()
        .min(-MAX_PRIORITY)
        .max(MAX_PRIORITY)
        .default(0)
        .meta({ description: 'The highest wins.' }),
      grace: grace.optional().meta({
        description: 'Until when a user without a method is not made to set one up: days, or a moment.',
      }),
      trustedDays: trustedDays.optional().meta({
        description: 'How long a device may be trusted; 0: not at all. Absent: as the realm says.',
        unit: 'days',
      }),
    }) as unknown as z.ZodObject<Record<string, z.ZodType>> & z.ZodType<RuleBody>,
  }
}

function methodsOf(registry: Registry): z.ZodType<MethodId[]> {
  const ids = [...registry.keys()]
  return z
    .array(z.enum(ids, `must be one of ${ids.join(', ')}`))
    .min(1, 'must have at least one')
    .max(ids.length)
    .refine((chosen) => new Set(chosen).size === chosen.length, 'must have each once')
    .refine(
      (chosen) => chosen.length === 0 || chosen.some((id) => registry.get(id)?.companion === false),
      'must have one beside backup codes',
    )
    .meta({
      uniqueItems: true,
      contains: { enum: ids.filter((id) => registry.get(id)?.companion === false) },
    })
}

function selfMethodsOf(registry: Registry): z.ZodType {
  const ids = [...registry.keys()]
  const each = z.enum(ids, `must be one of ${ids.join(', ')}`)
  return z.union([z.literal('all'), z.array(each).max(ids.length)])
}

/** What is wrong with a realm's settings as a whole, where those that are absent have their defaults. */
export function faultsOf(set: unknown): { path: (string | number)[]; message: string }[] {
  const issues = checkedSettings.safeParse(set).error?.issues ?? []
  return issues.map(({ path, message }) => ({ path: path.map((part) => part as string | number), message }))
}

function told(schema: z.ZodType, by: z.ZodType): z.ZodType {
  return by.description === undefined ? schema : schema.meta({ description: by.description })
}

/** The schema of a field that is there: a default would be written down, and no longer follow ours. */
function withoutDefault(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) {
    return withoutDefault(field.unwrap() as z.ZodType)
  }
  return field
}

/** In a patch, null removes: the field itself, and an entry of one that is a table. */
function nullable(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodUnion || field instanceof z.ZodObject)
    return told(partsNullable(field).nullable(), field)
  if (!(field instanceof z.ZodRecord)) return field.nullable()
  const table = z.record(field.keyType, (field.valueType as z.ZodType).nullable()).nullable()
  const { pattern } = z.toJSONSchema(field.keyType as z.ZodType)
  return told(table, field).meta({ propertyNames: { pattern } })
}

/** A value of several parts, in which null stands for a part that is left out. */
function partsNullable(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodUnion) {
    const options = field.options as z.ZodType[]
    const names = options.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []))
    const others = Object.fromEntries(names.map((name) => [name, z.null().optional()]))
    const open = options.map((one) =>
      one instanceof z.ZodObject ? z.strictObject({ ...others, ...(one.shape as z.ZodRawShape) }) : one,
    )
    return z.union(open)
  }
  if (!(field instanceof z.ZodObject)) return field
  const shape = Object.entries(field.shape as Record<string, z.ZodType>).map(([name, part]) => [
    name,
    part instanceof z.ZodOptional ? (part.unwrap() as z.ZodType).nullable().optional() : part,
  ])
  return z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType>)
}

/**
 * Applies a merge patch (RFC 7396) to settings; what is there stays as it is. `grace` and `mail` are values of several
 * parts, given whole: days would otherwise be left beside a date, and a server's password beside another server.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isTable(patch)) return patch
  const merged = new Map(isTable(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else if (WHOLE.has(name) && isTable(value)) merged.set(name, present(value))
    else if (value !== undefined) merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}

const WHOLE = new Set(['grace', 'mail'])

function present(table: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).filter(([, value]) => value !== null && value !== undefined),
  )
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
