import type { TestProject } from 'vitest/node'
import { bootKeycloak } from './keycloak.ts'

/** The oldest Keycloak that the bridge's one JAR is for. */
const OLDEST = '26.4.7'

/** Vitest's global set-up for the tests that depend on Keycloak's version. @returns the tear-down */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return await bootKeycloak(project, OLDEST)
}
