import type { Scenario, Visitor } from './scenario.ts'

/** The address of an administrator's page of the scenario's realm. */
export function adminPage({ sidecar, realm }: Scenario, path = ''): string {
  return `${sidecar().url}/realms/${realm.name}/admin${path}`
}

/** Opens the administrator's pages, and sets an app up at the login on the way there. */
export async function enterAdmin(scenario: Scenario, username: string, path = ''): Promise<Visitor> {
  const visitor = await scenario.visitor()
  const { page } = visitor
  await page.goto(adminPage(scenario, path))
  await visitor.givePassword(username)
  await page.waitForSelector('#secret, input[name=method]')
  // Once somebody sends text messages, there is a choice.
  if ((await page.locator('input[name=method]').count()) > 0) {
    await page.check('input[name=method][value=totp]')
    await page.click('#select-method button[type=submit]')
    await page.waitForSelector('#secret')
  }
  visitor.secret = ((await page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
  await visitor.submitCode(await visitor.nextCode())
  await page.waitForSelector('#backup-codes')
  await page.check('input[name=saved]')
  await page.click('button[type=submit]')
  await page.waitForSelector('h1')
  return visitor
}
