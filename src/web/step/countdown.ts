import type { Kit } from '../../core/login/step.ts'
import { dateIn, startOfDay } from '../../core/policy/time-zone.ts'
import type { View } from '../render/view.ts'
import type { Opened } from './open.ts'

const DAY = 24 * 60 * 60_000

/** The page of a set-up that can still be put off: from when on it can't, by the realm's clock. */
export function countdownView({ situation, path }: Opened, locale: string, kit: Kit): View {
  const { timeZone } = situation.settings
  const until = situation.transaction.grace ?? kit.now
  const midnight = (at: number) => startOfDay(dateIn(timeZone, at), timeZone)
  const words = new Intl.DateTimeFormat(locale, {
    timeZone,
    dateStyle: 'long',
    ...(midnight(until) === until ? {} : { timeStyle: 'short' }),
  })
  return {
    page: 'countdown',
    from: words.format(until),
    // Whole days of the calendar: a night between now and then is one, however long a change of the clock makes it.
    days: Math.max(0, Math.round((midnight(until) - midnight(kit.now)) / DAY)),
    setUpAction: `${path}/set-up`,
    laterAction: `${path}/not-now`,
  }
}
