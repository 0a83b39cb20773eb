import { sightOf } from '../../core/administration/authority.ts'
import { userStatus } from '../api/user-schemas.ts'
import type { AdminView } from '../render/admin-view.ts'
import { chartsOf } from './charts.ts'
import type { Outcome, Visit } from './visit.ts'

/** The width of the picture, in its own units. */
const WIDTH = 1000

/** For how many days there are pictures; whole weeks where a column is one. */
const RANGES = [30, 90, 364] as const

type View = Extract<AdminView, { page: 'overview' }>

/** `GET /`: who is protected, and what needs somebody's attention. Who manages groups has the users alone. */
export async function showOverview(visit: Visit): Promise<Outcome> {
  const { api, at, caller, context, form, realm } = visit
  if (sightOf(caller) === 'managed') return { to: at('/users') }
  const counts = await context.admin.countStatuses(realm.name)
  const counted = userStatus.options.map((status) => ({
    status,
    count: counts[status],
    href: at('/users', { status }),
  }))
  const total = counted.reduce((sum, { count }) => sum + count, 0)
  const { body: sync } = await api.ask('showSync')
  const days = RANGES.find((range) => String(range) === form.get('days')) ?? RANGES[0]
  const { body: figures } = await api.ask('listFigures', { query: { days: String(days) } })
  const countOf = (status: string) => counted.find((one) => one.status === status)?.count ?? 0
  const attention: View['attention'] = [
    ...(['required-not-enrolled', 'locked'] as const).map((status) => ({
      kind: status,
      count: countOf(status),
      href: at('/users', { status }),
    })),
    { kind: 'problem', count: sync.problem === null ? 0 : 1, href: at('/sync') },
    { kind: 'asks', count: sync.asks === null ? 0 : 1, href: at('/sync') },
    { kind: 'warnings', count: sync.warnings.length, href: at('/sync') },
  ]
  return {
    view: {
      page: 'overview',
      statuses: spread(counted, total),
      total,
      enrolled: total === 0 ? 0 : Math.floor((countOf('enrolled') / total) * 100),
      attention: attention.filter(({ count }) => count > 0),
      ranges: RANGES.map((range) => ({
        days: range,
        href: `${at('', { days: String(range) })}#time`,
        current: range === days,
      })),
      charts: chartsOf(visit, figures.days),
    },
  }
}

/** Side by side, each as wide as its part of the whole. */
function spread(counted: Omit<View['statuses'][number], 'x' | 'width'>[], total: number): View['statuses'] {
  let x = 0
  return counted.map((one) => {
    const width = total === 0 ? 0 : (one.count / total) * WIDTH
    const placed = { ...one, x, width }
    x += width
    return placed
  })
}
