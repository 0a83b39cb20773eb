import express from 'express'
import type { Express } from 'express'
import type { Registry } from 'prom-client'
import type { Health } from '../core/health.ts'

/** What the management port shows. */
interface Watch {
  registry: Registry
  /** Brings what is only known when it is asked for into the metrics; never throws. */
  refresh(): Promise<void>
  /** Never throws; ends within some seconds, whatever hangs. */
  health(): Promise<Health>
}

/** Health and figures, on a port of their own. */
export function createManagement(watch: Watch): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/health/live', (_request, response) => {
    response.json({ status: 'UP' })
  })
  app.get('/health/ready', async (_request, response) => {
    const health = await watch.health()
    response.status(health.status === 'UP' ? 200 : 503).json(health)
  })
  app.get('/metrics', async (_request, response) => {
    await watch.refresh()
    response.type(watch.registry.contentType).send(await watch.registry.metrics())
  })
  return app
}
