import type { Guest, House } from './doors.ts'
import type { Visitor } from './scenario.ts'

type Person = Visitor & Guest

/** Asks for a password reset; the link that the mail holds. */
export async function askForReset(
  house: House,
  { page, application, username, email }: Person,
): Promise<string> {
  await page.goto(application.url)
  await page.click('a[href*="reset-credentials"]')
  await page.fill('#username', username)
  await page.click('[type=submit]')
  return await house.mail.linkTo(email)
}

/** Types a new password where Keycloak asks for one. */
export async function newPassword({ page }: Pick<Person, 'page'>): Promise<void> {
  await page.fill('#password-new', 'another password')
  await page.fill('#password-confirm', 'another password')
  await page.click('[type=submit]')
}
