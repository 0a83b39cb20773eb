import { z } from 'zod'

const text = z.string()
const record = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('role'), name: text }),
  z.object({ kind: z.literal('client') }),
  z.object({ kind: z.literal('client-fields'), was: z.record(text, z.unknown()) }),
  z.object({ kind: z.literal('service-role') }),
  z.object({ kind: z.literal('api-client') }),
  z.object({ kind: z.literal('api-client-fields'), was: z.record(text, z.unknown()) }),
  z.object({
    kind: z.literal('api-token'),
    client: text.optional(),
    realmRoles: z.array(text),
    managementRoles: z.array(text),
    scopes: z.array(text),
    audience: z.boolean(),
  }),
  z.object({
    kind: z.literal('profile'),
    was: z.record(text, z.unknown()).nullable(),
    default: text.nullable(),
  }),
  z.object({
    kind: z.literal('action'),
    name: text,
    was: z.object({ enabled: z.boolean(), priority: z.number() }).nullable(),
  }),
  z.object({ kind: z.literal('listener') }),
  z.object({ kind: z.literal('action-life'), was: z.number() }),
  z.object({ kind: z.literal('attribute'), name: text, was: text.nullable() }),
  z.object({ kind: z.literal('texts'), name: text, keys: z.array(text) }),
  z.object({ kind: z.literal('mapper'), scope: text }),
  z.object({ kind: z.literal('scope'), name: text }),
  z.object({ kind: z.literal('flow'), name: text, door: text }),
  z.object({ kind: z.literal('binding'), name: text, was: text, set: text }),
  z.object({ kind: z.literal('broker'), name: text, was: text, set: text }),
])

/** How one change is taken back: what stood there before. */
export type Undo = z.infer<typeof record>

/** What setup changed in a realm, oldest first. */
export interface Memory {
  version: 1
  undo: Undo[]
}

const memory = z.object({ version: z.literal(1), undo: z.array(record) })

/** @throws Error where the attribute is not what setup writes: guessing could take away what is not ours */
export function readMemory(attribute: string | undefined): Memory | undefined {
  if (attribute === undefined || attribute === '') return undefined
  try {
    return memory.parse(JSON.parse(attribute))
  } catch (cause) {
    throw new Error("the realm's attribute latchkey.setup can't be read; it may be of another version", {
      cause,
    })
  }
}

/** What two records must share to be about the same thing. */
function keyOf(undo: Undo): string {
  const about = undo.kind === 'api-token' ? undo.client : 'name' in undo ? undo.name : undefined
  return `${undo.kind} ${about ?? ''}`
}

/**
 * Adds records; what was remembered first stays, for a second run finds what the first one left. Only a binding that
 * somebody changed in between is remembered anew, and what a later version adds to texts and tokens is remembered
 * beside the rest.
 */
export function remember(before: Memory | undefined, added: readonly Undo[]): Memory {
  const undo = new Map((before?.undo ?? []).map((one) => [keyOf(one), one]))
  for (const one of added) {
    const known = undo.get(keyOf(one))
    const rebound = known !== undefined && 'set' in known && 'set' in one && known.set !== one.set
    if (known === undefined || rebound) undo.set(keyOf(one), one)
    else if (known.kind === 'texts' && one.kind === 'texts') {
      undo.set(keyOf(one), { ...known, keys: both(known.keys, one.keys) })
    } else if (known.kind === 'api-token' && one.kind === 'api-token') {
      undo.set(keyOf(one), {
        ...known,
        realmRoles: both(known.realmRoles, one.realmRoles),
        managementRoles: both(known.managementRoles, one.managementRoles),
        scopes: both(known.scopes, one.scopes),
        audience: known.audience || one.audience,
      })
    }
  }
  return { version: 1, undo: [...undo.values()] }
}

function both(some: readonly string[], others: readonly string[]): string[] {
  return [...new Set([...some, ...others])]
}
