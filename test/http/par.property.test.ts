import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT, UnsecuredJWT } from 'jose'
import type { JWTPayload } from 'jose'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { Login } from '../support/login.ts'
import { questionOf, startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const TYPE = 'oauth-authz-req+jwt'
/** A text that must never come back in an answer. */
const MARK = 'xMARKx'

describe('the push', () => {
  let realm: FakeRealm
  let app: RunningApp
  let issuer: string

  beforeAll(async () => {
    realm = await startRealm()
    app = await startApp({ keycloakUrl: realm.keycloakUrl, realms: ['demo', 'other'] })
    issuer = `${app.url}/realms/demo`
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
  })

  const claims = (change: Record<string, unknown> = {}) => questionOf(realm, issuer, Date.now(), change)
  const now = () => Math.floor(Date.now() / 1000)

  async function push(request: string, path = '/realms/demo/par', client = realm.issuer) {
    const response = await fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams({ client_id: client, request }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  const pushSigned = async (change: Record<string, unknown>, type = TYPE) =>
    await push(await realm.sign(type, claims(change)))

  /** No decision: an error of RFC 6749 in JSON, below 500, with nothing of the input in it. */
  function refused(answer: { status: number; headers: Headers; text: string }): void {
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
    expect(answer.status, answer.text).toBeLessThan(500)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const body = JSON.parse(answer.text) as Record<string, unknown>
    expect(Object.keys(body).toSorted()).toEqual(['error', 'error_description'])
    expect(answer.text).not.toContain(MARK)
  }

  it('is answered where it is in order, as the others differ from it in one thing only', async () => {
    const answer = await pushSigned({})
    expect(answer.status).toBe(201)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  describe('is refused where the signature', () => {
    it("is a stranger's, under the kid of the realm (R12)", async () => {
      refused(await push(await realm.sign(TYPE, claims(), { key: 'stranger' })))
    })

    it('names an unknown kid (R12)', async () => {
      refused(await push(await realm.sign(TYPE, claims(), { kid: `${MARK}-kid` })))
    })

    it('is none (R13)', async () => {
      refused(await push(new UnsecuredJWT(claims()).encode()))
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const body = part(claims())
      for (const alg of ['none', 'None', 'NONE', 'nOnE', '', undefined]) {
        const header = part({ alg, typ: TYPE, kid: 'realm-key' })
        for (const signature of ['', 'AAAA']) refused(await push(`${header}.${body}.${signature}`))
      }
    })

    it("is an HMAC under the realm's public key (R12)", async () => {
      const { jwk, pem } = await realm.publicKey()
      for (const secret of [pem, pem.trim(), JSON.stringify(jwk), String(jwk.n)]) {
        const signer = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: TYPE, kid: 'realm-key' })
        refused(await push(await signer.sign(new TextEncoder().encode(secret))))
      }
    })

    it('or anything under it was changed in one place (R12)', async () => {
      const good = await realm.sign(TYPE, claims())
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: good.length - 3 }),
          fc.constantFrom('A', 'z', '0', '-', '.', '%', 'é'),
          async (at, letter) => {
            fc.pre(good[at] !== letter)
            refused(await push(good.slice(0, at) + letter + good.slice(at + 1)))
          },
        ),
        { numRuns: 60 },
      )
    })

    it('comes with headers that ask for another key or for what nobody knows (R12)', async () => {
      const { jwk } = await realm.publicKey()
      const stranger = await realm.sign(TYPE, claims(), { key: 'stranger' })
      const [, body, signature] = stranger.split('.')
      for (const extra of [
        { jwk },
        { jku: `${realm.keycloakUrl}/${MARK}` },
        { crit: ['b64'], b64: false },
        { x5u: MARK },
      ]) {
        const header = Buffer.from(
          JSON.stringify({ alg: 'RS256', typ: TYPE, kid: 'realm-key', ...extra }),
        ).toString('base64url')
        refused(await push(`${header}.${body}.${signature}`))
      }
    })
  })

  describe('is refused where the claims', () => {
    const wrong: [string, () => Record<string, unknown>][] = [
      ['are expired', () => ({ iat: now() - 80, exp: now() - 20 })],
      ['were made in the future', () => ({ iat: now() + 20, exp: now() + 70 })],
      ['live too long', () => ({ exp: now() + 61 })],
      ['live for ever', () => ({ exp: 9_007_199_254_740_991 })],
      ['have no expiry', () => ({ exp: undefined })],
      ['have no age', () => ({ iat: undefined })],
      ['are for another audience', () => ({ aud: `${issuer}/` })],
      ["are for this server's other realm", () => ({ aud: `${app.url}/realms/other` })],
      ['are for the realm itself', () => ({ aud: realm.issuer })],
      ['are for a list of audiences', () => ({ aud: [issuer] })],
      ['are for two audiences', () => ({ aud: [issuer, realm.issuer] })],
      ['are of another issuer', () => ({ iss: `${realm.keycloakUrl}/realms/other` })],
      ['are of an issuer that only begins alike', () => ({ iss: `${realm.issuer}2` })],
      ['are of another client', () => ({ client_id: MARK })],
      ['have no id', () => ({ jti: undefined })],
      ['have an empty id', () => ({ jti: '' })],
      ['have an endless id', () => ({ jti: MARK.repeat(40) })],
      ['begin only later', () => ({ nbf: now() + 30 })],
      ['ask for another response', () => ({ response_type: 'token' })],
      ['ask for more than openid', () => ({ scope: 'openid email' })],
      ['have a nonce that is too short', () => ({ nonce: 'a'.repeat(15) })],
      ['have a state that a browser would read otherwise', () => ({ state: `${MARK}&code=stolen-code` })],
    ]
    it.each(wrong)('%s (R12)', async (_, change) => {
      refused(await pushSigned(change()))
    })

    it.each([
      'JWT',
      'jwt',
      'client-authentication+jwt',
      'latchkey-event+jwt',
      'latchkey-decision+jwt',
      'at+jwt',
      '',
    ])('come as a token of the type %j, made for something else (R12)', async (type) => {
      refused(await pushSigned({}, type))
    })

    it('come without a type (R12)', async () => {
      refused(await push(await realm.sign(undefined, claims())))
    })

    it('are sent to the endpoint of another realm, or of none (R12)', async () => {
      refused(await push(await realm.sign(TYPE, claims()), '/realms/other/par'))
      refused(
        await push(
          await realm.sign(TYPE, claims()),
          '/realms/other/par',
          `${realm.keycloakUrl}/realms/other`,
        ),
      )
      refused(await push(await realm.sign(TYPE, claims()), '/realms/nobody/par'))
      refused(await push(await realm.sign(TYPE, claims()), '/realms/__proto__/par'))
    })

    it('come with the client_id of somebody else beside them (R12)', async () => {
      const request = await realm.sign(TYPE, claims())
      for (const client of [MARK, '', `${realm.issuer}/`, issuer])
        refused(await push(request, '/realms/demo/par', client))
    })

    it('bring a nonce that belongs to another user (R13, R15)', async () => {
      const login = new Login(app, realm, { sub: 'user-first' })
      await login.push()
      const swapped = await pushSigned({
        nonce: login.question['nonce'],
        state: login.question['state'],
        sub: 'user-second',
      })
      refused(swapped)
      // The step stays its owner's.
      expect((await login.push()).status).toBe(201)
    })
  })

  describe('is taken once (R12)', () => {
    it('and refused when it comes again', async () => {
      const request = await realm.sign(TYPE, claims())
      expect((await push(request)).status).toBe(201)
      refused(await push(request))
    })

    it('and refused when its id comes again with other claims', async () => {
      const jti = randomUUID()
      expect((await pushSigned({ jti })).status).toBe(201)
      refused(await pushSigned({ jti, sub: 'somebody-else' }))
    })

    it('where it comes 20 times at once', async () => {
      const request = await realm.sign(TYPE, claims())
      const answers = await Promise.all(Array.from({ length: 20 }, () => push(request)))
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
      for (const answer of answers) if (answer.status !== 201) refused(answer)
    })

    it('where nothing is needed, too', async () => {
      const request = await realm.sign(TYPE, claims({ groups: [] }))
      expect((await push(request)).status).toBe(200)
      refused(await push(request))
    })
  })

  describe('takes as return address', () => {
    const leadingTo = (tail: string) => ({ redirect_uri: realm.issuer + tail })

    it.each([
      '/login-actions/authenticate',
      '/login-actions/required-action?execution=x',
      '/login-actions/reset-credentials',
      '/login-actions/registration',
      '/login-actions/first-broker-login',
      '/login-actions/post-broker-login?a=/../../x',
    ])('%s (R12)', async (tail) => {
      expect((await pushSigned(leadingTo(tail))).status).toBe(201)
    })

    const others = [
      '/login-actions/restart',
      '/login-actions/consent',
      '/login-actions/action-token?key=x',
      '/login-actions/',
      '/login-actions',
      '/login-actions/authenticate/',
      '/login-actions/authenticate/../consent',
      '/login-actions/authenticate/../../../../evil',
      '/login-actions/../login-actions/authenticate',
      '/login-actions/./authenticate',
      '/login-actions//authenticate',
      '/login-actions/authenticate;x=y',
      '/login-actions/authenticate%2f..%2fconsent',
      '/login-actions/authenticate%3fa=b',
      '/login-actions%2fauthenticate',
      '/login-actions/%61uthenticate',
      '/login-actions/authenticateX',
      '/login-actions/Authenticate',
      '/login-actions/authenticate#fragment',
      '/login-actions/authenticate?a=b#fragment',
      '/login-actions/authenticate\\..\\consent',
      '/login-actions/authenticate?a=\\evil',
      '/login-actions/authenticate ',
      '/login-actions/authenticate\n',
      '/login-actions/authenticate?a=\r\nSet-Cookie: a=b',
      '/login-actions/authenticate\u0000',
      '/login-actions/аuthenticate',
      '/login-actions/authenticate?name=é',
      '/login-actions/authenticate／..',
      '/account/',
      '',
    ]
    it.each(others)('none like …%j (R12)', async (tail) => {
      refused(await pushSigned(leadingTo(tail)))
    })

    it('none of another host, scheme or realm (R12)', async () => {
      const good = `${realm.issuer}/login-actions/authenticate`
      const host = new URL(good).host
      for (const redirect of [
        good.replace('http:', 'https:'),
        good.replace('http:', 'HTTP:'),
        good.replace('http://', 'http://user@'),
        good.replace('http://', 'http://evil.example@'),
        good.replace(host, `${host}.evil.example`),
        good.replace(host, `evil.example`),
        good.replace(host, `evil.example/${host}`),
        good.replace(host, `${host}@evil.example`),
        good.replace('/realms/demo/', '/realms/other/'),
        good.replace('/realms/demo/', '/realms/demo%2f'),
        good.replace('/realms/', '//realms/'),
        good.replace('http:', ''),
        good.slice('http:'.length),
        `javascript:${good}`,
        ` ${good}`,
        `${good}${'?'.padEnd(9_000, 'x')}`,
        new URL(good).pathname,
      ]) {
        refused(await pushSigned({ redirect_uri: redirect }))
      }
    })

    it('none that differs from the six in any place, whatever is put in (R12)', async () => {
      const good = `${realm.issuer}/login-actions/authenticate`
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: good.length - 1 }),
          fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
          async (at, text) => {
            refused(await pushSigned({ redirect_uri: good.slice(0, at) + text + good.slice(at) }))
          },
        ),
        { numRuns: 60 },
      )
    })
  })

  describe('answers what it cannot use', () => {
    const required = [
      'iss',
      'client_id',
      'aud',
      'iat',
      'exp',
      'jti',
      'response_type',
      'scope',
      'redirect_uri',
      'state',
      'nonce',
      'sub',
      'sid',
      'purpose',
      'login_expires_at',
      'preferred_username',
      'groups',
      'roles',
      'amr',
    ]
    it.each(required)('by naming %s where it is missing, without a decision', async (name) => {
      const answer = await pushSigned({ [name]: undefined })
      refused(answer)
    })

    it('without a decision, whatever type a claim has', async () => {
      const odd = fc.oneof(
        fc.constantFrom(
          null,
          true,
          false,
          0,
          -1,
          1.5,
          '',
          MARK,
          [],
          [MARK],
          {},
          { [MARK]: MARK },
          [[]],
          [null],
        ),
        fc.jsonValue({ maxDepth: 2 }),
      )
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...required), odd, async (name, value) => {
          const usual = (claims() as Record<string, unknown>)[name]
          // A text may be another text, and a list an empty one.
          fc.pre(typeof value !== typeof usual || Array.isArray(value) !== Array.isArray(usual))
          refused(await pushSigned({ [name]: value }))
        }),
        { numRuns: 150 },
      )
    })

    it('without a fault of its own, whatever an optional claim is', async () => {
      const optional = [
        'acr_values',
        'ui_locales',
        'locales',
        'realm_display_name',
        'dark_mode',
        'client',
        'email',
        'max_age',
        'prompt',
      ]
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...optional), fc.jsonValue({ maxDepth: 2 }), async (name, value) => {
          const answer = await pushSigned({ [name]: value })
          if (answer.status !== 201) refused(answer)
        }),
        { numRuns: 100 },
      )
    })

    it('without a fault of its own, whatever a name says', async () => {
      const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      await fc.assert(
        fc.asyncProperty(text, text, async (name, realmName) => {
          const change = { preferred_username: name, realm_display_name: realmName, sid: name, sub: name }
          expect((await pushSigned(change)).status).toBe(201)
        }),
        { numRuns: 60 },
      )
    })

    it.each([
      [[null]],
      [['g']],
      [[{ id: 1, path: '/x' }]],
      [[{ id: 'x' }]],
      [{ 0: { id: 'g', path: '/g' } }],
    ])('for groups like %j', async (groups) => {
      refused(await pushSigned({ groups }))
    })
  })

  it('takes 2,000 groups', async () => {
    const groups = Array.from({ length: 2_000 }, (_, i) => ({
      id: randomUUID(),
      path: `/a department/with a long name/${i}`,
    }))
    const answer = await pushSigned({ groups: [...groups, { id: 'g-finance', path: '/finance' }] })
    expect(answer.status).toBe(201)
  })

  it('refuses more than 1 MB with 413', async () => {
    const answer = await push('a'.repeat(1_048_576))
    refused(answer)
    expect(answer.status).toBe(413)
    const packed = await fetch(`${app.url}/realms/demo/par`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
      body: await new Response(
        new Blob(['a='.padEnd(20_000_000, 'a')]).stream().pipeThrough(new CompressionStream('gzip')),
      ).blob(),
    })
    expect(packed.status).toBe(413)
  })

  it('answers a body that is no form with an error, and never breaks', async () => {
    const request = await realm.sign(TYPE, claims())
    const form = new URLSearchParams({ client_id: realm.issuer, request }).toString()
    const url = 'application/x-www-form-urlencoded'
    const bodies: [string | undefined, string | Buffer][] = [
      [undefined, ''],
      [url, ''],
      ['application/json', JSON.stringify({ client_id: realm.issuer, request })],
      ['application/json', '{'],
      [
        'multipart/form-data; boundary=x',
        `--x\r\nContent-Disposition: form-data; name="request"\r\n\r\n${MARK}\r\n--x--`,
      ],
      ['text/plain', form],
      [`${url}; charset=utf-16`, form],
      [`${url}; charset=${MARK}`, form],
      [url, `${form}&request=${MARK}`],
      [url, `${form}&client_id=${MARK}`],
      [url, `client_id[]=${MARK}&request[a][b]=${MARK}`],
      [url, `client_id${'[a]'.repeat(5_000)}=${MARK}`],
      [url, `__proto__=${MARK}&constructor=${MARK}&request=${MARK}`],
      [url, `client_id=%E0%A4%A&request=%`],
      [url, `${'a=b&'.repeat(50)}x=${MARK}`],
      [url, Buffer.from([0xff, 0xfe, 0x00, 0x3d, 0x26])],
    ]
    for (const [type, body] of bodies) {
      const response = await fetch(`${app.url}/realms/demo/par`, {
        method: 'POST',
        headers: type === undefined ? {} : { 'content-type': type },
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
      refused({ status: response.status, headers: response.headers, text: await response.text() })
    }
    const broken = await fetch(`${app.url}/realms/demo/par`, {
      method: 'POST',
      headers: { 'content-type': url, 'content-encoding': 'gzip' },
      body: form,
    })
    refused({ status: broken.status, headers: broken.headers, text: await broken.text() })
  })

  it('answers any text in place of the request object with an error', async () => {
    const piece = fc.constantFrom('.', 'e30', 'eyJhbGciOiJSUzI1NiJ9', '{}', '..', '=', MARK, '💥', '\u0000')
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (request) => refused(await push(request))),
      { numRuns: 100 },
    )
  })

  it('is answered with a decision about exactly what was asked', async () => {
    const login = new Login(app, realm, { sub: 'user-exact' })
    const response = await login.push()
    expect(login.decision).toMatchObject({
      iss: issuer,
      aud: realm.issuer,
      sub: 'user-exact',
      jti: login.question.jti,
      nonce: login.question['nonce'],
      needed: true,
      request_uri: response.body.request_uri as string,
      failures: { from: 0, to: 0 },
    })
    const { iat = 0, exp = 0 } = login.decision as JWTPayload
    expect(exp - iat).toBe(30)
    await supertest(app.url).get('/realms/demo/par').expect(404)
  })
})

describe("the push while the realm's keys can't be had", () => {
  it('is answered 503 without a decision, and answered again when they are back (P15, P19)', async () => {
    const realm = await startRealm()
    realm.answer('broken')
    const app = await startApp({ keycloakUrl: realm.keycloakUrl })
    const login = new Login(app, realm)
    for (let i = 0; i < 2; i++) {
      const down = await login.push()
      expect(down.status).toBe(503)
      expect(down.body).toEqual({
        error: 'temporarily_unavailable',
        error_description: "the realm's keys can't be had",
      })
    }
    realm.answer('keys')
    const up = await login.push({ groups: [] })
    expect(up.status).toBe(200)
    await app.stop()
    await realm.stop()
  })
})
