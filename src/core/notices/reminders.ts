import type { RealmPolicy, UserRecord } from '../administration/administration.ts'
import type { Surroundings } from '../policy/standing.ts'
import { standingOf } from '../policy/standing.ts'
import type { Kit } from '../login/step.ts'
import { noticesTo } from './notices.ts'
import type { Outgoing } from './outbox.ts'

const DAY = 24 * 60 * 60_000

/** A mail that tells of the end of a grace, once: so many days before it ends, epoch milliseconds. */
export interface Reminder {
  userId: string
  until: number
  days: number
  message: Outgoing
}

/** Who is reminded, as the store finds and remembers it. */
export interface ReminderStore {
  /** Puts the mail into the outbox, unless this user was reminded of it before. @returns whether it is new */
  remind(realm: string, reminder: Reminder): Promise<boolean>
}

/** Whether anybody in the realm could have a grace, and a way to be told. */
export function remindsAnybody({ settings, rules }: RealmPolicy): boolean {
  const hasGrace = settings.grace !== undefined || rules.some(({ grace }) => grace !== undefined)
  return hasGrace && settings.mail !== undefined && settings.reminderDays.length > 0
}

/**
 * The reminder that is due to a user in grace: of the days set, the fewest that are not less than those left; of several
 * that were missed only the newest. None where a grace by days has not begun, since nobody knows its end. Pure.
 */
export function reminderOf(
  realm: string,
  person: UserRecord,
  policy: RealmPolicy,
  { random, ...around }: Surroundings & Pick<Kit, 'random'>,
): Reminder | undefined {
  const { action, graceStarts } = standingOf(person, policy, around)
  if (action.do !== 'enrol-later' || graceStarts !== undefined || !person.user.enabled) return undefined
  const { until } = action
  const due = policy.settings.reminderDays.filter((days) => around.now >= until - days * DAY)
  if (due.length === 0) return undefined
  const told = { realm, kind: 'set-up-due' as const }
  const [message] = noticesTo(person, policy, told, { random, now: around.now })
  if (message === undefined) return undefined
  const { byAdministrator: _, ...notice } = message.notice
  const { timeZone } = policy.settings
  return {
    userId: person.user.id,
    until,
    days: Math.min(...due),
    message: {
      ...message,
      notice: { ...notice, until, timeZone },
      expiresAt: Math.min(message.expiresAt, until),
    },
  }
}
