import type { RequestHandler } from 'express'
import type { AuditEntry, AuditEvent } from '../core/audit/audit.ts'
import { HELP_DESK } from '../core/login/help-desk.ts'
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

const ANSWERS: Partial<Record<AuditEvent, ['challenges' | 'enrolments', 'right' | 'wrong']>> = {
  'challenge.succeeded': ['challenges', 'right'],
  'challenge.failed': ['challenges', 'wrong'],
  'bypass.used': ['challenges', 'right'],
  'enrolment.succeeded': ['enrolments', 'right'],
  'enrolment.failed': ['enrolments', 'wrong'],
}

function count({ event, realm, detail }: AuditEntry, metrics: Metrics): void {
  const answer = ANSWERS[event]
  if (answer !== undefined) {
    const [metric, result] = answer
    const method = event === 'bypass.used' ? HELP_DESK : String(detail['method'])
    metrics[metric].inc({ realm, method, result })
  }
  if (event === 'lockout.started') metrics.lockouts.inc({ realm })
}
