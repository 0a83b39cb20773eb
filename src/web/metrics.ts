import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import packageJson from '../../package.json' with { type: 'json' }

/** A metric: its name, the sentence that Prometheus and docs/operations.md show, and its labels. */
interface Declared<T extends string, L extends string> {
  type: T
  name: string
  help: string
  labels: readonly L[]
}

const declare =
  <T extends string>(type: T) =>
  <const L extends string = never>(name: string, help: string, ...labels: L[]): Declared<T, L> => ({
    type,
    name,
    help,
    labels,
  })
const counter = declare('counter')
const gauge = declare('gauge')
const histogram = declare('histogram')

/**
 * Every metric of this server, once. A label has few values, all of them ours: realms that the server answers for, ids of
 * methods, patterns of routes; never what a request brought (R23).
 */
export const METRICS = {
  requests: histogram(
    'latchkey_http_request_duration_seconds',
    'How long requests took; `route` is a pattern or `none`, `status` a class such as `2xx`, or `aborted`',
    'method',
    'route',
    'status',
  ),
  pushes: counter(
    'latchkey_pushes_total',
    'Questions of Keycloak by what they came to (`needed`, `not-needed`) and the kind of rule that said so',
    'realm',
    'result',
    'because',
  ),
  challenges: counter(
    'latchkey_challenges_total',
    'Answers to a challenge by method and result: `right`, `wrong`, `locked`; `help-desk` is a code of the help desk',
    'realm',
    'method',
    'result',
  ),
  enrolments: counter(
    'latchkey_enrolments_total',
    'Answers in a set-up by method and result: `right`, `wrong`, `locked`',
    'realm',
    'method',
    'result',
  ),
  lockouts: counter('latchkey_lockouts_total', 'Users who were locked for too many wrong answers', 'realm'),
  textMessages: counter(
    'latchkey_text_messages_total',
    'Codes and tests by text message, by result: `sent`, `refused`, `failed`',
    'realm',
    'result',
  ),
  mails: counter(
    'latchkey_mails_total',
    'Codes and links by mail, by result: `sent`, `refused`, `failed`',
    'realm',
    'result',
  ),
  notices: counter(
    'latchkey_notices_total',
    'Tries to send a notice to a user, by result: `sent`, `refused`, `failed`',
    'realm',
    'result',
  ),
  noticesWaiting: gauge('latchkey_notices_waiting', 'Notices that wait to be sent', 'realm'),
  noticesAge: gauge(
    'latchkey_notices_oldest_age_seconds',
    'How long the oldest notice has been waiting; 0 where none does',
    'realm',
  ),
  textMessageAlarms: counter(
    'latchkey_text_message_alarms_total',
    'Text messages that were sent while too few codes were verified',
    'realm',
  ),
  trustedDevices: counter(
    'latchkey_trusted_devices_total',
    'Cookies of trusted devices by what they came to: `given`, `trusted`, `copied`, `asked`',
    'realm',
    'result',
  ),
  enrolledUsers: gauge(
    'latchkey_enrolled_users',
    'Users who have a method that stands alone, counted every 15 minutes',
    'realm',
  ),
  syncPasses: counter(
    'latchkey_sync_passes_total',
    'Full passes of the sync worker by result: `done`, `stopped`, `failed`',
    'realm',
    'result',
  ),
  syncCompleted: gauge(
    'latchkey_sync_last_completed_timestamp_seconds',
    'When the newest full pass went through',
    'realm',
  ),
  syncChanges: counter(
    'latchkey_sync_changes_total',
    'What was another in Keycloak than in the database',
    'realm',
  ),
  syncWarnings: gauge('latchkey_sync_warnings', 'Attributes of groups that say nothing usable', 'realm'),
  syncHints: counter('latchkey_sync_hints_total', 'What Keycloak told that it changed', 'realm'),
  keycloakUp: gauge(
    'latchkey_keycloak_up',
    'Whether Keycloak answered when this server last asked it for keys or tokens; absent before it did',
    'realm',
  ),
  auditUnsealed: gauge(
    'latchkey_audit_unsealed_entries',
    'Entries of the audit that wait for their seal, counted up to 10001',
    'realm',
  ),
  auditUnsealedAge: gauge(
    'latchkey_audit_unsealed_oldest_age_seconds',
    'How long the oldest entry has been waiting for its seal; 0 where none does',
    'realm',
  ),
  signingKeySince: gauge('latchkey_signing_key_active_timestamp_seconds', 'Since when the key in use signs'),
  signingKeyUntil: gauge(
    'latchkey_signing_key_end_timestamp_seconds',
    'Until when there is a key to sign with',
  ),
  databaseUp: gauge('latchkey_database_up', 'Whether the database answers'),
  databaseConnections: gauge(
    'latchkey_database_connections',
    'Connections to PostgreSQL by state: `in-use`, `idle`',
    'state',
  ),
  databaseWaiting: gauge(
    'latchkey_database_waiting_requests',
    'Statements that wait for a connection to PostgreSQL',
  ),
  buildInfo: gauge('latchkey_build_info', 'Always 1; `version` is the version of this server', 'version'),
} as const

type Made<D> =
  D extends Declared<'counter', infer L>
    ? Counter<L>
    : D extends Declared<'gauge', infer L>
      ? Gauge<L>
      : D extends Declared<'histogram', infer L>
        ? Histogram<L>
        : never

/** The metrics of this server, and the registry that prints them. */
export type Metrics = { registry: Registry } & { [K in keyof typeof METRICS]: Made<(typeof METRICS)[K]> }

/** From a page's file to a mail server that thinks, seconds. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const made = Object.entries(METRICS).map(([key, { type, name, help, labels }]) => {
    const options = { name, help, labelNames: labels, registers: [registry] }
    if (type === 'counter') return [key, new Counter(options)]
    return [key, type === 'gauge' ? new Gauge(options) : new Histogram({ ...options, buckets: BUCKETS })]
  })
  const metrics = { registry, ...(Object.fromEntries(made) as object) } as Metrics
  metrics.buildInfo.set({ version: packageJson.version }, 1)
  return metrics
}
