/** Fetching, building, seeding and starting a real Keycloak, for the trial and for the tests. */
export { buildBridge } from './bridge.ts'
export { currentVersion } from './keycloak-fetch.ts'
export { prepareKeycloak } from './keycloak-prepare.ts'
export { startKeycloak } from './keycloak-start.ts'
