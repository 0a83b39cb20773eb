import express from 'express'
import type { Express } from 'express'
import type { Registry } from 'prom-client'

/** Health and figures, on a port of their own. `ready` rejects where the server can't serve. */
export function createManagement(metrics: Registry, ready: () => Promise<void>): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/health/live', (_request, response) => {
    response.json({ status: 'UP' })
  })
  app.get('/health/ready', async (_request, response) => {
    try {
      await ready()
      response.json({ status: 'UP' })
    } catch {
      response.status(503).json({ status: 'DOWN', checks: [{ name: 'database', status: 'DOWN' }] })
    }
  })
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics())
  })
  return app
}
