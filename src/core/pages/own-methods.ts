import type { AuditEvent } from '../audit/audit.ts'
import { cleanLabel } from '../login/enrolment.ts'
import type { NoticeKind } from '../notices/outbox.ts'
import { noticesOf } from '../notices/notices.ts'
import type { OwnVisit } from './own-step.ts'
import type { Background, Change } from '../ports.ts'
import type { Kit } from '../login/step.ts'
import type { Credential } from '../login/transaction.ts'

/** What a change of one's own methods rests on. */
export interface OwnMethods {
  visit: OwnVisit
  background: Background
  kit: Kit
}

/** Takes methods away: the first was asked for, the others go with it (`goingWith`). The user is told (R18). */
export function removeOwn(own: OwnMethods, [chosen, ...others]: Credential[]): Change {
  const detail = { ...(chosen && named(chosen)), alongWith: others.map(named) }
  return {
    ...entered(own, 'method.removed', detail),
    ...taken(
      own,
      [chosen, ...others].flatMap((one) => one ?? []),
    ),
    notices: told(own, 'method-removed', chosen?.method),
  }
}

/** Switches the second factor off: takes everything away. The user is told (R18). */
export function removeAllOwn(own: OwnMethods): Change {
  const { credentials } = own.background
  const alone = credentials.find(({ method }) => own.kit.registry.get(method)?.companion !== true)
  return {
    ...entered(own, 'methods.removed', { methods: credentials.map(named) }),
    ...taken(own, credentials),
    notices: told(own, 'method-removed', alone?.method),
  }
}

/** Gives a method another name; an empty one takes the name away. */
export function renameOwn(own: OwnMethods, credential: Credential, label: string): Change {
  return {
    ...entered(own, 'method.renamed', named(credential)),
    rename: { id: credential.id, label: cleanLabel(label) },
  }
}

/** Makes this the method that a login asks for first (S20). */
export function preferOwn(own: OwnMethods, credential: Credential): Change {
  return { ...entered(own, 'method.preferred', named(credential)), prefer: credential.id }
}

function entered({ visit, kit }: OwnMethods, event: AuditEvent, detail: Record<string, unknown>): Change {
  const { realm, userId } = visit.account
  return { realm, userId, audit: [{ event, realm, userId, at: kit.now, detail }] }
}

function taken({ visit }: OwnMethods, going: Credential[]): Pick<Change, 'takeAway'> {
  return { takeAway: { ids: going.map(({ id }) => id), sid: visit.sid } }
}

function named({ id, method }: Credential): { id: string; method: string } {
  return { id, method }
}

function told({ visit, background, kit }: OwnMethods, kind: NoticeKind, method?: string) {
  const { account, locale, realmDisplayName } = visit
  const transaction = { account, question: { locale, realmDisplayName } }
  return noticesOf({ ...background, transaction }, kind, kit, method)
}
