import { randomUUID } from 'node:crypto'
import { startApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import type { FakeRealm } from '../support/realm.ts'
import type { Figure } from './part.ts'

const [MINUTE, HOUR, YEAR] = [60_000, 3_600_000, 31_536_000_000]

/** The sidecar's clock is wrong, Keycloak's and the user's are right. */
export async function clockFaults(realm: FakeRealm): Promise<Figure[]> {
  const clock = { now: Date.now() }
  const truth = () => Date.now() + passed
  let passed = 0
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, clock })
  await app.policy.saveSettings('demo', { enforcement: 'required' })
  const sub = randomUUID()
  const loginOf = () => new Login(app, realm, { sub }, truth)
  const { secret } = await (await loginOf().begin()).enrol()
  const figures: Figure[] = []
  for (const [name, off] of [
    ['an hour back', -HOUR],
    ['a year back', -YEAR],
    ['an hour ahead', HOUR],
    ['a year ahead', YEAR],
  ] as const) {
    // Another code each time, and one that was used before the clock was set.
    passed += MINUTE
    clock.now = truth()
    const begun = await loginOf().begin()
    const used = await codeFor(secret, truth())
    const isUsed = String((await begun.post('challenge/totp', { code: used })).headers['location'])
    const open = await loginOf().begin()
    clock.now = truth() + off
    const again = await open.post('challenge/totp', { code: used })
    const replayed = String(again.headers['location']).includes('code=')
    const pushed = await loginOf().push()
    const answers = [again.status, pushed.status]
    clock.now = truth()
    passed += MINUTE
    clock.now = truth()
    const after = await loginOf().begin()
    const code = await codeFor(secret, truth())
    const isWell = String((await after.post('challenge/totp', { code })).headers['location']).includes(
      'code=',
    )
    figures.push({
      what: `the clock ${name}: a used code, a question, and afterwards`,
      figure: `${replayed ? 'accepted' : 'refused'}, ${answers.join(' and ')}, ${isWell ? 'well' : 'not well'}`,
      holds: isUsed.includes('code=') && !replayed && pushed.status >= 400 && isWell,
    })
  }
  await app.stop()
  return figures
}
