import { vi } from 'vitest'
import type { Scenario } from './scenario.ts'

/** Waits for the first full pass of the worker that was started. */
export async function firstSync({ sidecar, realm }: Scenario): Promise<void> {
  const isDone = async () => (await sidecar().sync.state(realm.name)).completedAt !== undefined
  await vi.waitUntil(isDone, { timeout: 30_000, interval: 100 })
}

/** A rule by which /field must use text messages and nothing else. */
export async function onlyTextMessages({ sidecar, realm }: Scenario): Promise<void> {
  await sidecar().policy.saveRule(realm.name, {
    groupId: realm.groups['field'] ?? '',
    enforcement: 'required',
    methods: ['sms'],
    priority: 0,
  })
}
