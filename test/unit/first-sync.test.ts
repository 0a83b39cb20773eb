import { describe, expect, it } from 'vitest'
import { hasSynced } from '../../scripts/lib/first-sync.ts'

const NAME = 'latchkey_sync_last_completed_timestamp_seconds'

describe("the trial's wait for the first pass", () => {
  it.each([
    [`# TYPE ${NAME} gauge\n${NAME}{realm="demo"} 1795540437.5\n`, true],
    [`${NAME}{realm="demo"} 0`, false],
    [`${NAME}{realm="demo2"} 1795540437`, false],
    [`${NAME}_other{realm="demo"} 1795540437`, false],
    [`# HELP ${NAME} when\n`, false],
    ['', false],
  ])('ends by what the metrics say of its realm: %j', (metrics, expected) =>
    expect(hasSynced(metrics, 'demo')).toBe(expected),
  )
})
