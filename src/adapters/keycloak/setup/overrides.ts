import type { Found } from './found.ts'
import { assess } from './place.ts'
import type { Door } from './place.ts'

/** A client's own flow that does not ask Latchkey. */
export interface Override {
  client: string
  flow: string
  /** Which of its flows, a word or two. */
  kind: string
}

const DOORS: Record<string, Door> = { browser: 'browser', direct_grant: 'direct' }

/** The flows of their own by which clients in use pass Latchkey by. */
export function unguardedOverrides({ clients, flows }: Pick<Found, 'clients' | 'flows'>): Override[] {
  return clients.flatMap(({ clientId = '', enabled, authenticationFlowBindingOverrides: own = {} }) =>
    Object.entries(own).flatMap(([kind, id]) => {
      const flow = flows.find((one) => one.id === id)
      const door = DOORS[kind]
      if (enabled === false || flow === undefined || door === undefined) return []
      if (assess(door, flow.children).guarded) return []
      return [{ client: clientId, flow: flow.alias, kind: kind.replace('_', ' ') }]
    }),
  )
}
