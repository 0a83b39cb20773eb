import type { Realm } from '../../core/realm.ts'
import type { Presence } from '../api/call.ts'
import type { Answer } from '../api/endpoint.ts'
import type { WebContext } from '../context.ts'
import type { Done, Hidden, When } from '../render/admin-parts.ts'
import type { AdminView } from '../render/admin-view.ts'
import { startOfDay } from '../../core/policy/time-zone.ts'
import { DONE } from '../render/admin-parts.ts'
import type { MessageArgument } from '../render/messages.ts'
import type { Api } from './ask.ts'

/** A request for one of the administrator's pages, by somebody who may look. */
export interface Visit extends Presence {
  context: WebContext
  realm: Realm
  api: Api
  params: Record<string, string>
  /** The query, or what was posted. */
  form: URLSearchParams
  locale: string
  /** A text of the theme. */
  say: (key: string, ...args: MessageArgument[]) => string
  /** The theme's text of `prefix.id`; the id itself where it has none. */
  term: (prefix: string, id: string) => string
  /** The address of a page, by its path below the administrator's pages. */
  at: (path: string, query?: Record<string, string>) => string
}

/** What a page answers: itself, another page to go to, by its address, or a file. */
export type Outcome =
  { view: AdminView; status?: number } | { to: string } | { file: NonNullable<Answer['stream']> }

export type Page = (visit: Visit) => Promise<Outcome>

/** A part of the path, for an address. */
export function part(value: string): string {
  return encodeURIComponent(value)
}

/** What was done a moment ago, where the query names something that there is to say. */
export function doneOf({ form }: Visit): { done?: Done } {
  const done = DONE.find((one) => one === form.get('done'))
  return done === undefined ? {} : { done }
}

export function whenOf({ locale }: Pick<Visit, 'locale'>, at: string): When {
  const words = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return { iso: at, text: `${words.format(new Date(at))} UTC` }
}

/** The end of a grace: a moment, or a date that begins in the realm's time zone. */
export function untilOf({ locale, policy }: Pick<Visit, 'locale' | 'policy'>, until: string): When {
  if (until.includes('T')) return whenOf({ locale }, until)
  const { timeZone } = policy.settings
  const words = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone })
  return { iso: until, text: `${words.format(startOfDay(until, timeZone))} (${timeZone})` }
}

/** The fields that go along, of those that were sent; the language is the session's by now. */
export function hiddenOf(form: URLSearchParams, without: readonly string[] = []): Hidden {
  return [...form]
    .filter(([name]) => name !== 'ui_locales' && !without.includes(name))
    .map(([name, value]) => ({ name, value }))
}

/** The fields as an address carries them. */
export function asQuery(hidden: Hidden): string {
  return new URLSearchParams(hidden.map(({ name, value }): [string, string] => [name, value])).toString()
}

/** The filled-in fields of these names. */
export function filled(form: URLSearchParams, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = form.get(name)?.trim() ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
}
