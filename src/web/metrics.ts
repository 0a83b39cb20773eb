import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

/** The figures of this server; every label has few values. */
export interface Metrics {
  registry: Registry
  /** Text messages by realm and result: sent, refused, failed. */
  textMessages: Counter<'realm' | 'result'>
  /** Mail by realm and result: sent, refused, failed. */
  mails: Counter<'realm' | 'result'>
  /** Notices to users by realm and result: sent, refused, failed. */
  notices: Counter<'realm' | 'result'>
  /** Hours in which far more codes were sent than verified, by realm. */
  textMessageAlarms: Counter<'realm'>
  /** What the cookies of trusted devices came to by realm and result: given, trusted, copied, asked. */
  trustedDevices: Counter<'realm' | 'result'>
  /** Full passes of the sync worker by realm and result: done, stopped, failed. */
  syncPasses: Counter<'realm' | 'result'>
  /** When the newest full pass went through, by realm; epoch seconds. */
  syncCompleted: Gauge<'realm'>
  /** What was another in Keycloak than in the database, by realm. */
  syncChanges: Counter<'realm'>
  /** Attributes of groups that say nothing usable, by realm. */
  syncWarnings: Gauge<'realm'>
  /** What Keycloak told that it changed, by realm. */
  syncHints: Counter<'realm'>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    textMessages: new Counter({
      name: 'latchkey_text_messages_total',
      help: 'Text messages by result',
      labelNames: ['realm', 'result'],
      registers: [registry],
    }),
    mails: new Counter({
      name: 'latchkey_mails_total',
      help: 'Mail by result',
      labelNames: ['realm', 'result'],
      registers: [registry],
    }),
    notices: new Counter({
      name: 'latchkey_notices_total',
      help: 'Notices to users by result of a try',
      labelNames: ['realm', 'result'],
      registers: [registry],
    }),
    textMessageAlarms: new Counter({
      name: 'latchkey_text_message_alarms_total',
      help: 'Text messages that were sent while too few codes were verified',
      labelNames: ['realm'],
      registers: [registry],
    }),
    trustedDevices: new Counter({
      name: 'latchkey_trusted_devices_total',
      help: 'Trusted devices by what their cookies came to',
      labelNames: ['realm', 'result'],
      registers: [registry],
    }),
    syncPasses: new Counter({
      name: 'latchkey_sync_passes_total',
      help: 'Full passes of the sync worker by result',
      labelNames: ['realm', 'result'],
      registers: [registry],
    }),
    syncCompleted: new Gauge({
      name: 'latchkey_sync_last_completed_timestamp_seconds',
      help: 'When the newest full pass went through',
      labelNames: ['realm'],
      registers: [registry],
    }),
    syncChanges: new Counter({
      name: 'latchkey_sync_changes_total',
      help: 'What was another in Keycloak than in the database',
      labelNames: ['realm'],
      registers: [registry],
    }),
    syncWarnings: new Gauge({
      name: 'latchkey_sync_warnings',
      help: 'Attributes of groups that say nothing usable',
      labelNames: ['realm'],
      registers: [registry],
    }),
    syncHints: new Counter({
      name: 'latchkey_sync_hints_total',
      help: 'What Keycloak told that it changed',
      labelNames: ['realm'],
      registers: [registry],
    }),
  }
}
