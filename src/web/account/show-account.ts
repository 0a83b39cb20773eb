import type { RequestHandler } from 'express'
import type { KeptEntry } from '../../core/audit/audit.ts'
import { decideOwn } from '../../core/pages/own-step.ts'
import type { Because, Decision } from '../../core/policy/policy.ts'
import type { WebContext } from '../context.ts'
import type { Done, Happening, Why } from '../render/account-view.ts'
import type { MethodName } from '../render/view.ts'
import { devicesOf } from './devices.ts'
import { isOn, kindsOf, settable } from './methods.ts'
import { openAccount, showPage } from './open.ts'
import type { Opened } from './open.ts'
import { HOME } from './paths.ts'

/** How many of the user's audit entries the page shows. */
const SHOWN = 20
/** What only tells of the realm's plans, or of the sidecar's own work. */
const NOT_THE_USERS = new Set(['decision.proposed', 'user.gone', 'user.returned'])

const DONE: readonly string[] = [
  'set-up',
  'removed',
  'off',
  'renamed',
  'default',
  'device-forgotten',
  'devices-forgotten',
] satisfies Done[]

/** `GET /account`: what the user has set up, and what they may do about it. */
export function showAccount(context: WebContext): RequestHandler {
  return async (request, response) => {
    const opened = await openAccount(context, request, response, HOME, 'look')
    if (opened === undefined) return
    const { realm, userId } = opened.session
    const [record, { entries }] = await Promise.all([
      context.admin.user(realm.name, userId),
      context.audit.list(realm.name, { userId }, { max: 2 * SHOWN }),
    ])
    const decision = decideOwn(opened.visit, opened.background, 'login', opened.kit)
    const done = DONE.find((one) => one === request.query['done']) as Done | undefined
    showPage(context, response, opened, {
      page: 'account',
      isOn: isOn(opened) && decision.enforcement !== 'disabled',
      why: whyOf(decision),
      ...(decision.action.do === 'enrol-later' ? { until: decision.action.until } : {}),
      ...turnOf(opened, decision),
      only: onlyOf(opened),
      setUpAction: `${opened.home}/set-up`,
      kinds: kindsOf(opened, record?.methods ?? []),
      ...devicesOf(opened, decision),
      activity: entries
        .filter(({ event }) => !NOT_THE_USERS.has(event))
        .slice(0, SHOWN)
        .map(happening),
      ...(done === undefined ? {} : { done }),
    })
  }
}

function whyOf({ enforcement, because }: Decision): Why {
  if (!isOfTheUser(because)) throw new Error('an ordinary login is asked for no level and no change')
  return { enforcement, because }
}

function isOfTheUser(because: Because): because is Why['because'] {
  return because.rule !== 'level' && because.rule !== 'purpose'
}

/** The switch, where the policy leaves the choice and the realm lets users act on it. */
function turnOf(
  opened: Opened,
  { enforcement }: Decision,
): { turn?: { to: 'on' } | { to: 'off'; offUrl: string } } {
  if (enforcement !== 'optional') return {}
  if (isOn(opened)) {
    const { selfRemoval } = opened.background.settings
    return selfRemoval ? { turn: { to: 'off', offUrl: `${opened.home}/off` } } : {}
  }
  return settable(opened).size > 0 ? { turn: { to: 'on' } } : {}
}

function onlyOf(opened: Opened): ('set-up' | 'remove')[] {
  const { settings } = opened.background
  return [
    ...((settings.selfMethods !== 'all' || waitsForInvitation(opened)) && settable(opened).size === 0
      ? (['set-up'] as const)
      : []),
    ...(isOn(opened) && !settings.selfRemoval ? (['remove'] as const) : []),
  ]
}

function waitsForInvitation({ visit, background, kit }: Opened): boolean {
  const { action } = decideOwn(visit, background, 'manage', kit)
  return action.do === 'blocked' && action.reason === 'not-invited'
}

function happening({ at, event, detail, address }: KeptEntry): Happening {
  const { method } = detail
  return {
    at,
    event,
    ...(typeof method === 'string' ? { method: method as MethodName } : {}),
    ...(address === undefined ? {} : { address }),
  }
}
