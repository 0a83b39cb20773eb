import type { AdminView } from '../render/admin-view.ts'
import { doneOf, whenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /sync`: where the worker stands, in words, and what it asks. */
export async function showSync(visit: Visit): Promise<Outcome> {
  const { api, at, caller } = visit
  const { body: sync } = await api.ask('showSync')
  const { running, last, completedAt, problem, retryAt, asks, warnings } = sync
  const isAdministrator = caller.roles.has('tfa-admin')
  const view: AdminView = {
    page: 'sync',
    ...doneOf(visit),
    state: running === null ? (last?.result ?? 'never') : 'running',
    ...(running === null ? {} : { running: { ...running, startedAt: whenOf(visit, running.startedAt) } }),
    ...(last === null ? {} : { last: { ...last, endedAt: whenOf(visit, last.endedAt) } }),
    ...(completedAt === null ? {} : { completedAt: whenOf(visit, completedAt) }),
    ...(problem === null ? {} : { problem: { ...problem, since: whenOf(visit, problem.since) } }),
    ...(retryAt === null ? {} : { retryAt: whenOf(visit, retryAt) }),
    ...(asks === null
      ? {}
      : {
          asks: {
            users: asks.users,
            rules: asks.rules.map(({ path }) => path),
            ...(isAdministrator ? { confirmUrl: at('/sync/confirm') } : {}),
          },
        }),
    warnings,
    ...(isAdministrator || caller.roles.has('tfa-manager') ? { runUrl: at('/sync/run') } : {}),
  }
  return { view }
}
