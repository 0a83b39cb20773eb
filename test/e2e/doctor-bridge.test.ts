import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildBridge, currentVersion, prepareKeycloak, startKeycloak } from '../../scripts/lib/keycloak.ts'
import { workFolder } from '../../scripts/lib/paths.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { examine } from '../../src/adapters/keycloak/doctor/examine.ts'
import { setUp } from '../../src/adapters/keycloak/setup/apply.ts'
import { launchBrowser } from '../support/browser.ts'
import { forget } from '../support/handmade.ts'
import { adminOf, createRealm } from '../support/keycloak.ts'
import { startRelyingParty } from '../support/relying-party.ts'

/** A Keycloak whose bridge was never told where the sidecar is. */
let keycloak: Awaited<ReturnType<typeof startKeycloak>>
beforeAll(async () => {
  const prepared = await prepareKeycloak({ version: currentVersion, jar: await buildBridge() })
  keycloak = await startKeycloak({
    prepared,
    port: await freePort(),
    sidecarUrl: '',
    logFile: join(workFolder, `test-keycloak-${currentVersion}-${process.pid}.log`),
  })
})
afterAll(async () => {
  await keycloak.stop()
})

it('finds an unconfigured bridge by a login that failed for it', async () => {
  const admin = adminOf(keycloak.url)
  const { name } = await createRealm(admin, `test-${randomUUID().slice(0, 8)}`, (realm) => {
    forget(realm)
    realm.eventsEnabled = true
  })
  await setUp(admin, name, { jwksUrl: `http://localhost:1/realms/${name}/jwks` })
  const url = `${keycloak.url}/realms/${name}/protocol/openid-connect/token`
  const form = { grant_type: 'password', client_id: 'admin-cli', username: 'bob', password: 'bob' }
  expect((await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).ok).toBe(false)
  const base = `/realms/${name}`
  const results = await examine({
    realm: {
      name,
      base,
      issuer: `http://localhost:1${base}`,
      keycloakIssuer: `${keycloak.url}${base}`,
      keycloakUrl: `${keycloak.url}${base}`,
    },
    admin,
    addresses: {},
    store: { pending: [], lost: [] },
  })
  expect(results.find(({ id }) => id === 'bridge')?.faults).toMatchObject([
    {
      level: 'fault',
      mend: expect.stringContaining('--spi-authenticator--latchkey--url=http://localhost:1'),
    },
  ])
})

it('lets nobody in by a browser, and says who can mend it (R16, P21)', async () => {
  const admin = adminOf(keycloak.url)
  const { name } = await createRealm(admin, `test-${randomUUID().slice(0, 8)}`)
  const realmUrl = `${keycloak.url}/realms/${name}`
  const application = await startRelyingParty(realmUrl)
  const browser = await launchBrowser()
  const page = await browser.newPage()
  for (const username of ['bob', 'dave']) {
    await page.goto(application.url)
    await page.fill('#username', username)
    await page.fill('#password', username)
    await page.click('#kc-login')
    await page.waitForSelector('#latchkey-retry')
    expect(await page.textContent('body')).toContain('Please tell your administrator')
    await page.context().clearCookies()
  }
  expect(application.results).toEqual([])
  await browser.close()
  await application.stop()
})
