import { AsyncLocalStorage } from 'node:async_hooks'

/** Milliseconds that a request may lose by waiting for the database or for Keycloak: its client has three seconds. */
const REQUEST = 2_500
/** Milliseconds that are no loss: a request may wait many times. */
const QUICK = 100

const requests = new AsyncLocalStorage<{ left: number } | undefined>()

/** Serves a request: whatever it waits for, it does not wait long in all. */
export function withinRequest<T>(serve: () => T): T {
  return requests.run({ left: REQUEST }, serve)
}

/** Does work that no client waits for, whoever began it. */
export function patiently<T>(work: () => T): T {
  return requests.run(undefined, work)
}

/** Milliseconds that may be waited for one thing now. @param most as long as that where no client waits */
export function patience(most: number): number {
  return Math.min(most, Math.max(0, requests.getStore()?.left ?? Infinity))
}

/** Waits, and counts it as the request's loss. @param since when the wait began, `performance.now()` */
export async function waited<T>(asked: Promise<T>, since = performance.now()): Promise<T> {
  const request = requests.getStore()
  try {
    return await asked
  } finally {
    if (request !== undefined) request.left -= Math.max(0, performance.now() - since - QUICK)
  }
}

/**
 * Waits for what can't be told to end, and no longer than that; as a fetch with a time-out does.
 * @throws DOMException TimeoutError
 */
export async function withTimeout<T>(asked: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException('no answer in time', 'TimeoutError')), milliseconds)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}
