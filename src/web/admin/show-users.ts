import { sightOf } from '../../core/administration/authority.ts'
import { followed } from '../api/list-users.ts'
import { userStatus } from '../api/user-schemas.ts'
import type { Option, Pager, UserRow } from '../render/admin-parts.ts'
import type { AdminView } from '../render/admin-view.ts'
import { filled, part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

const PER_PAGE = 20
export const NARROWING = ['search', 'status', 'enforcement', 'method', 'group'] as const
const ENFORCEMENTS = ['required', 'optional', 'disabled']

/** `GET /users`: the users, searched, filtered and paged, each with a status (S4). */
export async function showUsers(visit: Visit): Promise<Outcome> {
  const { api, form } = visit
  const narrowing = filled(form, NARROWING)
  const paging = { first: '0', ...filled(form, ['first']), max: String(PER_PAGE) }
  const { body } = await api.ask('listUsers', { query: { ...narrowing, ...paging } })
  const view = await usersView(visit, body, {
    search: narrowing['search'] ?? '',
    narrowed: Object.keys(narrowing).length > 0,
    to: (first) => visit.at('/users', { ...narrowing, first: String(first) }),
  })
  return { view }
}

/**
 * The list as a page shows it.
 * @param asked what it was narrowed by; `number` as the view has it, `to` the address of the page that begins after so many
 */
export async function usersView(
  visit: Visit,
  found: { users: Listed[]; first: number; total: number },
  asked: { search: string; number?: string; narrowed: boolean; to: (first: number) => string },
): Promise<AdminView> {
  const { caller } = visit
  const { search, number, narrowed, to } = asked
  return {
    page: 'users',
    search,
    ...(number === undefined ? {} : { number }),
    filters: await filtersOf(visit),
    narrowed,
    managed: sightOf(caller) === 'managed',
    searchAction: visit.at('/users/search'),
    clearUrl: visit.at('/users'),
    ...(caller.roles.has('tfa-admin') ? { addUrl: visit.at('/users/new') } : {}),
    users: found.users.map((user) => rowOf(visit, user)),
    pager: pagerOf(found.first, found.users.length, found.total, to),
  }
}

type Listed = { id: string; username: string; methods: { method: string }[] } & Pick<
  UserRow,
  'enforcement' | 'status' | 'enabled'
> &
  Record<'firstName' | 'lastName' | 'email', string | null>

function rowOf(visit: Visit, user: Listed): UserRow {
  const { id, username, email, enforcement, status, methods, enabled } = user
  return {
    href: visit.at(`/users/${part(id)}`),
    username,
    name: nameOf(user),
    email: email ?? '',
    enforcement,
    status,
    methods: [...new Set(methods.map(({ method }) => method))],
    enabled,
  }
}

export function nameOf({ firstName, lastName }: Record<'firstName' | 'lastName', string | null>): string {
  return [firstName, lastName].filter((name) => name !== null && name !== '').join(' ')
}

async function filtersOf(visit: Visit): Promise<Extract<AdminView, { page: 'users' }>['filters']> {
  const { form, context, caller, say, term } = visit
  const groups = await visit.groups()
  const known = sightOf(caller) === 'managed' ? caller.manages : followed(visit, groups)
  const options = (name: string, values: { value: string; label: string }[]): Option[] => [
    { value: '', label: say('any'), current: false },
    ...values.map((one) => ({ ...one, current: one.value === form.get(name) })),
  ]
  const worded = (prefix: string, values: readonly string[]) =>
    values.map((value) => ({ value, label: term(prefix, value) }))
  return [
    { name: 'status', options: options('status', worded('status', userStatus.options)) },
    { name: 'enforcement', options: options('enforcement', worded('enforcement', ENFORCEMENTS)) },
    { name: 'method', options: options('method', worded('method', [...context.kit().registry.keys()])) },
    {
      name: 'group',
      options: options(
        'group',
        groups.filter(({ id }) => known.has(id)).map(({ id, path }) => ({ value: id, label: path })),
      ),
    },
  ]
}

/** @param to the address of the page that begins after so many */
export function pagerOf(first: number, shown: number, total: number, to: (first: number) => string): Pager {
  return {
    from: shown === 0 ? 0 : first + 1,
    to: shown === 0 ? 0 : first + shown,
    total,
    ...(first > 0 ? { previousUrl: to(Math.max(0, first - PER_PAGE)) } : {}),
    ...(first + shown < total && shown > 0 ? { nextUrl: to(first + PER_PAGE) } : {}),
  }
}
