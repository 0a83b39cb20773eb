import { setTimeout as pause } from 'node:timers/promises'
import type { App } from '../app.ts'
import type { Config } from '../config.ts'

/** A port that is open. */
interface Port {
  drain(): void
  stop(): Promise<void>
}

/**
 * Has a signal end the server: health says so at once, requests and background work that are under way end, then the
 * process does, by itself. SIGINT is a person, and nobody's proxy: it waits for none. A second signal ends it at once.
 * @param management the port with health, which answers to the end
 */
export function stopOnSignal(
  app: App,
  { shutdownDelay, shutdownTimeout }: Config,
  management: Port,
  web?: Port,
): void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const stop = (signal: NodeJS.Signals) => {
    for (const one of signals) process.off(one, stop)
    const delay = signal === 'SIGTERM' ? shutdownDelay : 0
    const late = () => {
      app.log.fatal(
        { seconds: delay + shutdownTimeout },
        'not stopped in time: what was under way is cut off',
      )
      process.exit(1)
    }
    setTimeout(late, (delay + shutdownTimeout) * 1000).unref()
    close(app, delay, management, web).catch((error: unknown) => {
      app.log.fatal({ err: error }, 'not stopped in order')
      process.exit(1)
    })
  }
  for (const one of signals) process.on(one, stop)
}

async function close(app: App, delay: number, management: Port, web: Port | undefined): Promise<void> {
  app.log.info('stopping')
  app.drain()
  web?.drain()
  await pause(delay * 1000)
  await web?.stop()
  await app.close()
  await management.stop()
  app.log.info('stopped')
}
