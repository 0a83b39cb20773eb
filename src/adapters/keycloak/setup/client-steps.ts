import { isDeepStrictEqual } from 'node:util'
import type { Undo } from './memory.ts'
import type { ClientRepresentation } from './representations.ts'
import type { Step } from './step.ts'

/** A client as it should be. */
export interface WantedClient {
  clientId: string
  /** What must be so, also of a client that is there. */
  fields: ClientRepresentation
  attributes: Record<string, string>
  /** What a new one has beside that. */
  begin: ClientRepresentation
  /** What it is, after its name. */
  purpose: string
  undoCreated: Undo
  undoChanged: (was: Record<string, unknown>) => Undo
}

/** Creates the client, or corrects what differs; nothing where nothing does. */
export function clientSteps(clients: readonly ClientRepresentation[], wanted: WantedClient): Step[] {
  const { clientId, fields, attributes } = wanted
  const now = clients.find((client) => client.clientId === clientId)
  if (now === undefined) {
    return [
      {
        kind: 'client',
        client: { clientId, protocol: 'openid-connect', ...wanted.begin, ...fields, attributes },
        sentence: `create the client ${clientId}, ${wanted.purpose}`,
        undo: wanted.undoCreated,
      },
    ]
  }
  const valueOf = (key: string) => now[key as keyof ClientRepresentation]
  const wrong = Object.entries(fields).filter(([key, value]) => !isDeepStrictEqual(valueOf(key), value))
  const changed = Object.entries(attributes).filter(([key, value]) => now.attributes?.[key] !== value)
  if (wrong.length === 0 && changed.length === 0) return []
  const was = Object.fromEntries(wrong.map(([key]) => [key, valueOf(key)]))
  const wasAttributes = Object.fromEntries(
    changed.map(([key]) => [key, (now.attributes?.[key] as string | undefined) ?? '']),
  )
  return [
    {
      kind: 'client',
      client: { ...Object.fromEntries(wrong), clientId, attributes: Object.fromEntries(changed) },
      sentence: `correct the client ${clientId}: ${[...wrong, ...changed].map(([key]) => key).join(', ')}`,
      undo: wanted.undoChanged({ ...was, attributes: wasAttributes }),
    },
  ]
}
