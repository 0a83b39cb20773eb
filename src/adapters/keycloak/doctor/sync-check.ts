import type { SyncState } from '../../../core/sync/sync.ts'
import type { Check, Facts, Fault } from './check.ts'

/** A full pass is made more often than this, milliseconds. */
const STALE = 3_600_000

type Reason = NonNullable<SyncState['problem']>['reason']

/** Looks at what the worker wrote down: whether it goes round, and what it could not make sense of. */
export const syncCheck: Check = {
  id: 'sync',
  title: 'the worker follows users and groups',
  admin: false,
  run(facts) {
    const { realm, store, now } = facts
    // Without a database of this version there is no place that it could have written to.
    if (store.sync === undefined) return []
    const state = store.sync.get(realm.name)
    return [standing(state, now), ...asks(state, facts), ...warnings(state)].flatMap((fault) => fault ?? [])
  },
}

function standing(state: SyncState | undefined, now: number): Fault | undefined {
  const { completedAt, problem, retryAt } = state ?? {}
  const said = problem === undefined ? '' : ` It says: ${problem.message}.`
  const mend = MENDS[problem?.reason ?? 'failed']
  if (completedAt === undefined) {
    return {
      level: 'fault',
      what: `The worker has not yet read all users and groups of the realm.${said}`,
      why: 'Rules that stand in the attributes of groups are not in force, and the list of users has gaps.',
      mend,
    }
  }
  const age = now - completedAt
  if (age <= STALE && problem === undefined) return undefined
  const next = retryAt === undefined || retryAt <= now ? '' : ` It tries again ${inMinutes(retryAt - now)}.`
  return {
    level: 'warning',
    what: `The worker last read all users and groups ${minutesOf(age)} ago.${said}${next}`,
    why: 'Logins go on by the rules of then; what was changed in Keycloak since may not be in force.',
    mend,
  }
}

const MENDS: Record<Reason, string> = {
  refused: 'Run latchkey setup: Keycloak does not take the service account, or it lost its role.',
  unreachable: 'Open the way from Latchkey to Keycloak, or correct LATCHKEY_KEYCLOAK_BACKCHANNEL_URL.',
  empty:
    'See whether the service account still has its role and the user federation answers; until then nothing is dropped.',
  failed:
    'See that a server runs (latchkey serve, or latchkey worker beside it), and look for "sync" in its log.',
}

function asks(state: SyncState | undefined, { realm }: Facts): Fault[] {
  if (state?.asks === undefined) return []
  const { pass, users, rules } = state.asks
  const gone = [
    ...(users === 0 ? [] : [users === 1 ? 'one user' : `${users} users`]),
    ...(rules.length === 0 ? [] : [`the rules of ${rules.map(({ path }) => path).join(', ')}`]),
  ]
  return [
    {
      level: 'warning',
      what: `The worker no longer finds ${gone.join(' and ')} in Keycloak, and asks before it drops so much.`,
      why: 'A lost role or a broken user federation looks the same. Until somebody confirms, all of it stays in force.',
      mend: `See whether they are gone for good. If so, confirm pass ${pass}: in the administrator's pages, or POST {"confirm": ${pass}} to ${realm.issuer}/api/v1/sync.`,
    },
  ]
}

function warnings(state: SyncState | undefined): Fault[] {
  return (state?.warnings ?? []).map(({ path, attribute, value, message }) => ({
    level: 'warning',
    what: `The group ${path} has ${attribute} = "${value}" in Keycloak: ${message}.`,
    why: 'The worker leaves it out, so the group may have another rule than was meant.',
    mend: `Groups → ${path} → Attributes: correct ${attribute}.`,
  }))
}

function minutesOf(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`
  return `${Math.floor(minutes / 60)} hours`
}

function inMinutes(milliseconds: number): string {
  return milliseconds < 60_000 ? 'within a minute' : `in ${minutesOf(milliseconds)}`
}
