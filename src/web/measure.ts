import type { RequestHandler } from 'express'
import type { AuditEntry } from '../core/audit/audit.ts'
import type { LoginStore } from '../core/ports.ts'
import type { Metrics } from './metrics.ts'

/** Names the route of a request by its pattern, for the metrics: the address itself is what somebody typed. */
export function named(pattern: string): RequestHandler {
  return (_request, response, next) => {
    response.locals['route'] = pattern
    next()
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** Measures requests by pattern, verb and class of status. */
export function measure({ requests }: Metrics): RequestHandler {
  return (request, response, next) => {
    const stop = requests.startTimer()
    response.once('close', () => {
      const route: unknown = response.locals['route']
      stop({
        method: METHODS.has(request.method) ? request.method : 'other',
        route: typeof route === 'string' ? route : 'none',
        status: response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'aborted',
      })
    })
    next()
  }
}

/** The store, with what is written counted: an entry of the audit is true once its change is, and not before. */
export function countWritten(store: LoginStore, metrics: Metrics): LoginStore {
  return {
    ...store,
    async commit(change) {
      const committed = await store.commit(change)
      if (committed === 'written') for (const entry of change.audit ?? []) count(entry, metrics)
      return committed
    },
  }
}

function count({ event, realm, detail }: AuditEntry, metrics: Metrics): void {
  const method = String(detail['method'])
  switch (event) {
    case 'challenge.succeeded':
      metrics.challenges.inc({ realm, method, result: 'right' })
      break
    case 'challenge.failed':
      metrics.challenges.inc({ realm, method, result: 'wrong' })
      break
    case 'bypass.used':
      metrics.challenges.inc({ realm, method: 'help-desk', result: 'right' })
      break
    case 'enrolment.succeeded':
      metrics.enrolments.inc({ realm, method, result: 'right' })
      break
    case 'enrolment.failed':
      metrics.enrolments.inc({ realm, method, result: 'wrong' })
      break
    case 'lockout.started':
      metrics.lockouts.inc({ realm })
      break
    default:
  }
}
