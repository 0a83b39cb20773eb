import type { ClientRepresentation, RealmRepresentation } from './representations.ts'
import type { Undo } from './memory.ts'
import type { Door } from './place.ts'

type Change =
  | { kind: 'role'; name: string; description: string }
  | { kind: 'client'; client: ClientRepresentation }
  | { kind: 'service-role'; role: string; alone: boolean }
  | ({ kind: 'api-token' } & TokenParts)
  | { kind: 'profile'; attribute: PhoneAttribute }
  | { kind: 'action'; name: string; label: string; register: boolean; enabled: boolean; priority: number }
  | { kind: 'realm'; change: Partial<RealmRepresentation> }
  | { kind: 'attribute'; name: string; value: string }
  | { kind: 'text'; locale: string; key: string; value: string }
  | { kind: 'scope'; name: string }
  | { kind: 'mapper'; scope: string }
  | { kind: 'copy-flow'; from: string; to: string }
  | { kind: 'create-flow'; name: string }
  | { kind: 'guard'; flow: string; door: Door }
  | { kind: 'bind'; field: FlowField; flow: string }
  | { kind: 'bind-broker'; provider: string; flow: string }

/** One change to the realm: data, so that it can be shown before it is made. */
export type Step = Change & {
  /** What it does and why, for a reader. */
  sentence: string
  /** How it is taken back; absent where another step's does that. */
  undo?: Undo
}

/** What makes a client's tokens say what the sidecar looks at. */
export interface TokenParts {
  /** Default: the API's client. */
  client?: string | undefined
  /** Realm roles that they may carry. */
  realmRoles: string[]
  /** Roles of the realm's management that they may carry. */
  managementRoles: string[]
  /** Client scopes, by whose mappers they say `sub`, `sid` and roles. */
  scopes: string[]
  /** The mapper that names their audience. */
  audience: boolean
}

/** The realm's bindings of flows that setup moves. */
export type FlowField = 'browserFlow' | 'resetCredentialsFlow' | 'registrationFlow' | 'directGrantFlow'

/** An attribute of the user profile, as Keycloak takes it. */
export interface PhoneAttribute extends Record<string, unknown> {
  name: string
  permissions: { view: string[]; edit: string[] }
}

/** What the administrator asked for. */
export interface Wanted {
  /** Where Keycloak fetches the sidecar's keys. */
  jwksUrl: string
  /** The sidecar's issuer, below which browsers find its pages; where the keys are unless it is said. */
  issuer?: string
  /** What the bridge does while the sidecar is away; undefined: as it is, and closed where nothing was said. */
  outage?: 'open' | 'closed' | undefined
  requirePhone?: boolean
  allowCiba?: boolean
  /** Go on where a door can't be guarded. */
  force?: boolean
}

/** What setup would do. */
export interface Plan {
  steps: Step[]
  /** Reasons not to begin, each with what to do. */
  refusals: string[]
  /** What stays without Latchkey's guard. */
  open: string[]
  /** What else the administrator should know. */
  notes: string[]
}
