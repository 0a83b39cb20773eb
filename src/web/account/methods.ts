import type { MethodSummary } from '../../core/administration/administration.ts'
import { enrollable } from '../../core/login/enrolment.ts'
import { firstAsked } from '../../core/login/first-asked.ts'
import { hasOwn } from '../../core/login/overtaken.ts'
import { shownOf } from '../../core/login/triable.ts'
import { decideOwn } from '../../core/pages/own-step.ts'
import type { Credential } from '../../core/login/transaction.ts'
import type { Kind, OwnMethod } from '../render/account-view.ts'
import type { MethodName } from '../render/view.ts'
import type { Opened } from './open.ts'
import { methodPage } from './paths.ts'

/** What the user has and may set up, by kind, in the order of the registry. */
export function kindsOf(opened: Opened, summaries: readonly MethodSummary[]): Kind[] {
  const { background, kit } = opened
  const may = settable(opened)
  return [...kit.registry.values()].flatMap((method): Kind[] => {
    const own = background.credentials.filter((one) => one.method === method.id)
    if (own.length === 0 && !may.has(method.id)) return []
    const again = method.companion ? 'new-codes' : method.single ? 'replace' : 'another'
    return [
      {
        id: method.id as MethodName,
        methods: own.map((one) => methodOf(opened, one, summaries)),
        ...(may.has(method.id) ? { setUp: own.length === 0 ? ('set-up' as const) : again } : {}),
      },
    ]
  })
}

/** The kinds that the user may set up by themselves. */
export function settable({ visit, background, kit }: Opened): Set<string> {
  const { action, methods } = decideOwn(visit, background, 'manage', kit)
  if (action.do === 'blocked') return new Set()
  return new Set(enrollable({ transaction: { methods }, credentials: background.credentials }, kit.registry))
}

/** One method as the pages show it: never a secret, never a full number (R23). */
export function methodOf(
  { background, kit, home, session }: Opened,
  credential: Credential,
  summaries: readonly MethodSummary[] = [],
): OwnMethod {
  const { credentials, settings } = background
  const method = kit.registry.get(credential.method)
  const shown = shownOf(credential, kit.registry)
  const summary = summaries.find(({ id }) => id === credential.id)
  const kinds = [...new Set(credentials.map((one) => one.method))]
  const alone = kinds.filter((id) => kit.registry.get(id)?.companion === false)
  const first = firstAsked(kinds, credentials, kit.registry)
  const isFirst = credentials.find((one) => one.method === credential.method) === credential
  const path = (page: 'rename' | 'remove') => session.realm.base + methodPage(credential.id, page)
  return {
    id: credential.id,
    kind: credential.method as MethodName,
    ...(credential.label === undefined ? {} : { label: credential.label }),
    ...(shown?.kind === 'passkey' ? { synced: shown.synced ? ('synced' as const) : ('bound' as const) } : {}),
    ...(shown?.kind === 'sent-code' ? { destination: shown.to } : {}),
    ...(shown?.kind === 'backup-codes'
      ? { left: shown.left ?? 0, low: (shown.left ?? 0) <= settings.backupCodesLow }
      : {}),
    ...(summary === undefined ? {} : { createdAt: summary.createdAt }),
    ...(summary?.usedAt === undefined ? {} : { usedAt: summary.usedAt }),
    isDefault: alone.length > 1 && isFirst && credential.method === first,
    ...(alone.length > 1 && isFirst && alone.includes(credential.method) && credential.method !== first
      ? { defaultAction: `${home}/methods/${encodeURIComponent(credential.id)}/default` }
      : {}),
    ...(method?.companion === false ? { renameUrl: path('rename') } : {}),
    ...(settings.selfRemoval ? { removeUrl: path('remove') } : {}),
  }
}

/** Whether the user has a method that stands alone. */
export function isOn({ background, kit }: Opened): boolean {
  return hasOwn(background.credentials, kit.registry)
}
