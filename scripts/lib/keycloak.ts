/** Fetching, building, seeding and starting a real Keycloak, for the trial and for the tests. */
export { bridgeJar, buildBridge } from './bridge.ts'
export { currentVersion, fetchKeycloak } from './keycloak-fetch.ts'
export { prepareKeycloak, type PrepareOptions } from './keycloak-prepare.ts'
export {
  type PreparedKeycloak,
  type RunningKeycloak,
  startKeycloak,
  type StartOptions,
} from './keycloak-start.ts'
