import { isUsable } from '../login/lockout.ts'
import type { MethodId, Registry } from '../method.ts'
import type { Action, Claims, Enrolled, Purpose } from './policy.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'

/** What the login does next, the methods by which a challenge is answered, and those that may be set up. */
interface Next {
  action: Action
  proofs: MethodId[]
  methods: MethodId[]
}

/** What follows from an enforcement for a user with these methods. Pure. */
export function actionOf(input: {
  settings: RealmSettings
  enforcement: Enforcement
  /** Whether something asks beyond the policy: a level, or a change of methods. */
  asked: boolean
  /** Until when Required waits for a user without a method, epoch milliseconds; undefined where it acts. */
  graceUntil: number | undefined
  enrolled: readonly Enrolled[]
  /** The methods allowed. */
  methods: MethodId[]
  claims: Claims
  registry: Registry
  unavailable: ReadonlySet<MethodId>
}): Next {
  const { settings, enforcement, asked, graceUntil, methods, claims, registry } = input
  // A method that this build does not know is still the user's: no reason to ask for less.
  const standsAlone = (id: MethodId) => registry.get(id)?.companion !== true
  const works = (id: MethodId) => registry.has(id) && !input.unavailable.has(id)
  const reaches = (id: MethodId) => (registry.get(id)?.level ?? 0) >= claims.level
  const allowed = (id: MethodId) => methods.includes(id)
  const ids = (enrolled: readonly Enrolled[]) => [...new Set(enrolled.map(({ method }) => method))]
  const without = (action: Action): Next => ({ action, proofs: [], methods })

  const own = ids(input.enrolled).filter(standsAlone)
  const working = ids(input.enrolled.filter(isUsable))
  const proofs = working.filter((id) => allowed(id) && reaches(id))

  if (!asked && enforcement === 'disabled') return without({ do: 'skip' })
  if (!asked && enforcement === 'optional') {
    // Where rules leave none of the methods that the user has, and the realm does, those still ask.
    const present = working.filter((id) => settings.methods.includes(id) && works(id))
    if (!own.some((id) => settings.methods.includes(id))) return without({ do: 'skip' })
    if (!own.some(allowed) && present.some(standsAlone)) {
      return { action: { do: 'challenge', then: 'done' }, proofs: present, methods }
    }
  }
  if (!asked && graceUntil !== undefined && own.length === 0) {
    return without({ do: 'enrol-later', until: graceUntil })
  }
  if (own.length > 0 && !working.some(standsAlone)) {
    const isSealed = input.enrolled.some((one) => standsAlone(one.method) && one.unreadable !== undefined)
    return without({ do: 'blocked', reason: isSealed ? 'unreadable' : 'must-be-reset' })
  }

  // What an ordinary login would make them set up is nobody's own wish.
  const enforced = enforcement === 'required' && !working.some((id) => allowed(id) && standsAlone(id))
  const theirs = methods.filter((id) => settings.selfMethods === 'all' || settings.selfMethods.includes(id))
  const open = claims.purpose === 'manage' && !enforced ? theirs : methods
  const notByYourself = without({ do: 'blocked', reason: 'not-by-yourself' })

  if (proofs.some(standsAlone)) {
    if (open.length === 0) return notByYourself
    const then = isChange(claims.purpose) ? 'enrol' : 'done'
    return { action: { do: 'challenge', then }, proofs, methods: open }
  }
  const fits = (id: MethodId) => standsAlone(id) && reaches(id)
  if (!methods.some(fits)) return without({ do: 'blocked', reason: 'no-method-allowed' })
  if (!open.some(fits)) return notByYourself
  // What does not reach the level would end in a login that Keycloak refuses.
  if (own.length === 0) {
    return {
      action: firstSetUp(settings, claims),
      proofs: [],
      methods: open.filter((id) => fits(id) || !standsAlone(id)),
    }
  }
  const before = working.filter(works)
  if (!before.some(standsAlone)) return without({ do: 'blocked', reason: 'no-method-allowed' })
  // Anybody can make an application ask for a level: nobody gets another method by it past the realm's wish.
  const mayAdd = (id: MethodId) => fits(id) && (enforced || theirs.includes(id))
  const addable = claims.level > 1 ? open.filter(mayAdd) : open
  if (addable.length === 0) return notByYourself
  return { action: { do: 'challenge', then: 'enrol' }, proofs: before, methods: addable }
}

/** A first set-up has no method to rest on (R26). An invitation comes by mail, so it says as much as the link. */
export function firstSetUp({ firstSetUp: needs }: RealmSettings, { invited }: Claims): Action {
  if (needs === 'password' || invited === true) return { do: 'enrol' }
  return needs === 'email-link' ? { do: 'enrol-by-link' } : { do: 'blocked', reason: 'not-invited' }
}

/** Whether methods are to be changed, which asks for a proof whatever the policy says. */
export function isChange(purpose: Purpose): purpose is 'manage' | 'enrol' {
  return purpose === 'manage' || purpose === 'enrol'
}
