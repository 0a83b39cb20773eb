import { Counter, Registry, collectDefaultMetrics } from 'prom-client'

/** The figures of this server; every label has few values. */
export interface Metrics {
  registry: Registry
  /** Text messages by realm and result: sent, refused, failed. */
  textMessages: Counter<'realm' | 'result'>
  /** Hours in which far more codes were sent than verified, by realm. */
  textMessageAlarms: Counter<'realm'>
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
    textMessageAlarms: new Counter({
      name: 'latchkey_text_message_alarms_total',
      help: 'Text messages that were sent while too few codes were verified',
      labelNames: ['realm'],
      registers: [registry],
    }),
  }
}
