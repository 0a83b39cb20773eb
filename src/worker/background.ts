/** Work that nobody waits for; what fails is told and never thrown. */
export interface Background {
  run(work: () => Promise<unknown>): void
  /** @param milliseconds from one start to the next */
  every(milliseconds: number, work: () => Promise<unknown>): void
  /** Begins nothing more, and waits for what is under way. */
  stop(): Promise<void>
}

/** @param within does a work as befits what nobody waits for */
export function createBackground(
  within: <T>(work: () => T) => T,
  failed: (error: unknown) => void,
): Background {
  const timers: NodeJS.Timeout[] = []
  const underWay = new Set<Promise<unknown>>()
  const run = (work: () => Promise<unknown>): void => {
    const done = within(work)
      .catch(failed)
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }
  return {
    run,
    every(milliseconds, work) {
      timers.push(setInterval(() => run(work), milliseconds).unref())
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.allSettled(underWay)
    },
  }
}
