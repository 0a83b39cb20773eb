import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { Login, codeFor, codesOn, secretOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

describe('a login, over HTTP', () => {
  let realm: FakeRealm
  let app: RunningApp

  beforeAll(async () => {
    realm = await startRealm()
    app = await startApp({ keycloakUrl: realm.keycloakUrl })
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
  })

  it('needs nothing of a user without a method where the realm says Optional', async () => {
    const login = new Login(app, realm, { sub: 'user-alice', groups: [] })
    const response = await login.push()
    expect(response.status).toBe(200)
    expect(login.decision).toMatchObject({ needed: false, because: { rule: 'realm' }, sub: 'user-alice' })
  })

  it('leads a user through the set-up, and asks for the app the next time', async () => {
    const login = await new Login(app, realm, { sub: 'user-1' }).begin()
    expect(login.decision).toMatchObject({ needed: true, because: { rule: 'group', path: '/finance' } })
    const page = await login.page()
    expect(page.status).toBe(200)
    const secret = secretOn(page.text)

    const refused = await login.post('enrol/totp', { code: '000000' })
    expect(refused.headers['location']).toBe(`${login.step}?error=code-wrong`)

    const now = Date.now()
    const accepted = await login.post('enrol/totp', { code: await codeFor(secret, now) })
    expect(accepted.headers['location']).toBe(login.step)
    const codes = codesOn((await login.page()).text)
    expect(codes).toHaveLength(10)

    const notSaved = await login.post('saved', {})
    expect(notSaved.headers['location']).toBe(`${login.step}?error=saved-missing`)
    const saved = await login.post('saved', { saved: 'on' })
    const location = String(saved.headers['location'])
    expect(location).toContain(`${realm.issuer}/login-actions/authenticate?session_code=abc`)

    const redeemed = await login.redeem(location)
    expect(redeemed.status).toBe(200)
    expect(decodeJwt(redeemed.body.id_token)).toMatchObject({
      iss: login.issuer,
      aud: realm.issuer,
      sub: 'user-1',
      nonce: login.question['nonce'],
      acr: '2',
      amr: ['pwd', 'otp', 'mfa'],
    })
    const again = await login.redeem(location)
    expect(again.status).toBe(400)
    expect(again.body.error).toBe('invalid_grant')

    const next = await new Login(app, realm, { sub: 'user-1' }).begin()
    const challenge = await next.page()
    expect(challenge.text).toContain('name="code"')
    expect(challenge.text).not.toContain('id="secret"')
    const used = await next.post('challenge/totp', { code: await codeFor(secret, now) })
    expect(used.headers['location']).toBe(`${next.step}?error=code-wrong`)
    const right = await next.post('challenge/totp', { code: await codeFor(secret, now + 30_000) })
    expect(right.headers['location']).toContain('code=')
  })
})
