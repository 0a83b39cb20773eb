import { expect, it } from 'vitest'
import { NOTHING_KEPT } from '../../src/core/sync/sync-store.ts'
import { openTenure, TenureOver } from '../../src/worker/tenure.ts'
import type { Workplace } from '../../src/worker/tenure.ts'

const tenureUntil = (over: AbortSignal) =>
  openTenure({} as Workplace, { realm: 'demo', holder: 'h' }, NOTHING_KEPT, over)

it('a question to Keycloak that fails after the tenure ended ends nothing else', async () => {
  const orphans: unknown[] = []
  const heard = (reason: unknown) => orphans.push(reason)
  process.on('unhandledRejection', heard)
  const over = new AbortController()
  over.abort()
  let fail: (reason: Error) => void = () => {}
  const asked = new Promise<never>((_resolve, reject) => (fail = reject))
  await expect(tenureUntil(over.signal).read(asked)).rejects.toBeInstanceOf(TenureOver)
  fail(new Error('Keycloak went away'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', heard)
  expect(orphans).toEqual([])
})

it('a question that is waited for ends with the tenure, and one that is answered leaves nothing behind', async () => {
  const over = new AbortController()
  const tenure = tenureUntil(over.signal)
  let listeners = 0
  const [add, remove] = [over.signal.addEventListener, over.signal.removeEventListener]
  over.signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++
    add.apply(over.signal, args)
  }
  over.signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--
    remove.apply(over.signal, args)
  }
  for (let i = 0; i < 100; i++) expect(await tenure.read(Promise.resolve(i))).toBe(i)
  expect(listeners).toBe(0)
  const waiting = tenure.read(new Promise<never>(() => {}))
  over.abort()
  await expect(waiting).rejects.toBeInstanceOf(TenureOver)
})
