import type { SyncState } from './sync/sync.ts'

/** One thing that is looked at; `DEGRADED` keeps no login from being served. */
export interface Check {
  name: string
  status: 'UP' | 'DEGRADED' | 'DOWN'
  data?: Record<string, string | number | boolean>
}

/** What a probe is told, in the shape of MicroProfile Health. `DOWN`: this server can't serve. */
export interface Health {
  status: 'UP' | 'DOWN'
  checks: Check[]
}

/** When something last went well and last went wrong, epoch milliseconds. */
export interface LastTries {
  okAt?: number
  failedAt?: number
}

/** What is known of a realm. */
export interface RealmFacts {
  realm: string
  /** When Keycloak was asked for keys and tokens. */
  keycloak: LastTries
  mail: LastTries
  textMessages: LastTries
  /** Undefined where the database could not be asked. */
  sync: SyncState | undefined
  backlog: Backlog | undefined
}

/** What the database holds of a realm that has to be done. Times are epoch milliseconds; absent where there is nothing. */
export interface Backlog {
  notices: Waiting
  /** Entries of the audit that wait for their seal. */
  unsealed: Waiting
  /** The newest count of users who have a method that stands alone. */
  enrolled?: number
}

interface Waiting {
  count: number
  oldestAt?: number
}

/** What a server knows of itself. Times are epoch milliseconds. */
export interface Facts {
  now: number
  startedAt: number
  isStopping: boolean
  isDatabaseUp: boolean
  /** Since when the key in use signs, and until when there is one. */
  signingKey: { since: number; until: number } | undefined
  /** Milliseconds from one full pass to the next. */
  syncInterval: number
  realms: RealmFacts[]
}

const MINUTE = 60_000
/** A notice that waited longer is not only being tried again. */
const NOTICES_LATE = 15 * MINUTE
const SEAL_LATE = MINUTE
/** The next key is made long before: where it is not, nothing makes it. */
const KEY_ENDS_SOON = 24 * 60 * MINUTE
/** Full passes that may be missing. */
const PASSES_MISSED = 3

/** Whether a server can serve, and what is not as it should be. Names realms, times and numbers, and nobody. */
export function judge(facts: Facts): Health {
  const checks = [
    { name: 'server', status: facts.isStopping ? ('DOWN' as const) : ('UP' as const) },
    { name: 'database', status: facts.isDatabaseUp ? ('UP' as const) : ('DOWN' as const) },
    signingKey(facts),
    ...facts.realms.flatMap((one) => checksOf(one, facts)),
  ]
  return { status: checks.some(({ status }) => status === 'DOWN') ? 'DOWN' : 'UP', checks }
}

function signingKey({ signingKey: key, now }: Facts): Check {
  if (key === undefined) return { name: 'signing-key', status: 'DOWN' }
  const isLate = key.until - now < KEY_ENDS_SOON
  const data = { since: iso(key.since), until: iso(key.until) }
  return { name: 'signing-key', status: isLate ? 'DEGRADED' : 'UP', data }
}

function checksOf(one: RealmFacts, facts: Facts): Check[] {
  const { realm, backlog } = one
  return [
    lately('keycloak', realm, one.keycloak),
    sync(one, facts),
    lately('mail', realm, one.mail),
    lately('text-messages', realm, one.textMessages),
    waiting('notices', realm, backlog?.notices, NOTICES_LATE, facts),
    waiting('audit', realm, backlog?.unsealed, SEAL_LATE, facts),
  ]
}

/** What has not been tried is not known to fail. */
function lately(name: string, realm: string, { okAt, failedAt }: LastTries): Check {
  const fails = failedAt !== undefined && failedAt >= (okAt ?? 0)
  return {
    name,
    status: fails ? 'DEGRADED' : 'UP',
    data: {
      realm,
      ...(okAt === undefined ? {} : { lastSuccess: iso(okAt) }),
      ...(failedAt === undefined ? {} : { lastFailure: iso(failedAt) }),
    },
  }
}

function sync({ realm, sync: state }: RealmFacts, { now, startedAt, syncInterval }: Facts): Check {
  if (state === undefined) return { name: 'sync', status: 'DEGRADED', data: { realm } }
  const { completedAt, problem } = state
  const isLate = now - (completedAt ?? startedAt) > PASSES_MISSED * syncInterval
  return {
    name: 'sync',
    status: problem !== undefined || isLate ? 'DEGRADED' : 'UP',
    data: {
      realm,
      ...(completedAt === undefined ? {} : { lastCompleted: iso(completedAt) }),
      ...(problem === undefined ? {} : { problem: problem.reason }),
    },
  }
}

function waiting(
  name: string,
  realm: string,
  found: Waiting | undefined,
  late: number,
  { now }: Facts,
): Check {
  if (found === undefined) return { name, status: 'DEGRADED', data: { realm } }
  const age = ageOf(found, now)
  return {
    name,
    status: age > late ? 'DEGRADED' : 'UP',
    data: { realm, waiting: found.count, oldestSeconds: Math.round(age / 1000) },
  }
}

/** Milliseconds; 0 where nothing waits. */
export function ageOf({ oldestAt }: Pick<Waiting, 'oldestAt'>, now: number): number {
  return oldestAt === undefined ? 0 : Math.max(0, now - oldestAt)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
