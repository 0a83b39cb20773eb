import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import type { JWTPayload } from 'jose'
import { generate } from 'otplib'
import supertest from 'supertest'
import type { RunningApp } from './app.ts'
import { questionOf } from './realm.ts'
import type { FakeRealm } from './realm.ts'

/** One login against a sidecar, played by hand: the bridge's calls and a browser with a cookie jar of its own. */
export class Login {
  readonly browser: ReturnType<typeof supertest.agent>
  readonly base: string
  readonly issuer: string
  question: JWTPayload
  decision: JWTPayload | undefined
  step = ''
  /** The step's cookie as a request carries it. */
  cookie = ''
  readonly app: Pick<RunningApp, 'url'>
  readonly realm: FakeRealm
  readonly now: () => number

  constructor(
    app: Pick<RunningApp, 'url'>,
    realm: FakeRealm,
    change: Record<string, unknown> = {},
    now: () => number = Date.now,
    browser = supertest.agent(app.url),
  ) {
    this.app = app
    this.realm = realm
    this.now = now
    this.base = `/realms/${encodeURIComponent(realm.name)}`
    this.issuer = app.url + this.base
    this.browser = browser
    this.question = questionOf(realm, this.issuer, now(), change)
  }

  /** Pushes the question; a second push has the same nonce and state and another jti. */
  async push(change: Record<string, unknown> = {}) {
    this.question = {
      ...this.question,
      ...questionOf(this.realm, this.issuer, this.now(), { ...this.kept(), ...change }),
    }
    const request = await this.realm.sign('oauth-authz-req+jwt', this.question)
    const response = await this.pushRaw(request)
    if (response.status < 300) this.decision = decodeJwt(response.body.decision)
    return response
  }

  async pushRaw(request: string) {
    return await supertest(this.app.url)
      .post(`${this.base}/par`)
      .type('form')
      .send({ client_id: this.realm.issuer, request })
  }

  /** Follows the request_uri; the browser is now bound. */
  async open(browser = this.browser) {
    const response = await browser
      .get(`${this.base}/authorize`)
      .query({ client_id: this.realm.issuer, request_uri: String(this.decision?.['request_uri']) })
    if (response.status === 303) {
      this.step = response.headers['location'] as string
      this.cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? this.cookie
    }
    return response
  }

  async begin(change: Record<string, unknown> = {}) {
    await this.push(change)
    await this.open()
    return this
  }

  async page(query = '') {
    return await this.browser.get(this.step + query)
  }

  async post(path: string, fields: Record<string, string>) {
    return await this.browser.post(`${this.step}/${path}`).type('form').send(fields)
  }

  /** Posts with the step's cookie by hand: for many at once, and for another sidecar at `url`. */
  async postRaw(
    path: string,
    fields: Record<string, string>,
    url = this.app.url,
  ): Promise<globalThis.Response> {
    return await fetch(`${url}${this.step}/${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { cookie: this.cookie },
      redirect: 'manual',
    })
  }

  async assertion(change: Record<string, unknown> = {}): Promise<string> {
    return await this.realm.sign(
      'client-authentication+jwt',
      assertionOf(this.realm, this.issuer, this.now(), change),
    )
  }

  async redeem(location: string, change: Record<string, string> = {}) {
    return await supertest(this.app.url)
      .post(`${this.base}/token`)
      .type('form')
      .send({ ...(await this.redemption(location)), ...change })
  }

  /** What the bridge sends to redeem the code in that address. */
  async redemption(location: string): Promise<Record<string, string>> {
    return {
      grant_type: 'authorization_code',
      code: new URL(location).searchParams.get('code') ?? '',
      redirect_uri: String(this.question['redirect_uri']),
      client_id: this.realm.issuer,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await this.assertion(),
    }
  }

  /** Sets the app up from where the step stands; gives the secret and the backup codes. */
  async enrol(): Promise<{ secret: string; codes: string[]; location: string }> {
    const secret = secretOn((await this.page()).text)
    await this.post('enrol/totp', { code: await codeFor(secret, this.now()) })
    const codes = codesOn((await this.page()).text)
    const done = await this.post('saved', { saved: 'on' })
    return { secret, codes, location: String(done.headers['location']) }
  }

  private kept() {
    const { iat: _, exp: __, jti: ___, login_expires_at: ____, ...rest } = this.question
    return rest
  }
}

/** The claims of a client assertion that is in order; `change` replaces some, `undefined` removes one. */
export function assertionOf(
  realm: FakeRealm,
  audience: string,
  now: number,
  change: Record<string, unknown> = {},
): JWTPayload {
  const iat = Math.floor(now / 1000)
  const own = { iss: realm.issuer, sub: realm.issuer, aud: audience, jti: randomUUID(), iat, exp: iat + 60 }
  const claims: Record<string, unknown> = { ...own, ...change }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

/** The app's code at that moment, epoch milliseconds. */
export async function codeFor(secret: string, now: number): Promise<string> {
  return await generate({ secret, epoch: Math.floor(now / 1000) })
}

export function secretOn(html: string): string {
  const text = /id="secret"[^>]*>([^<]+)</.exec(html)?.[1]
  if (text === undefined) throw new Error(`no secret on the page: ${html.slice(0, 2000)}`)
  return text.replaceAll(/\s/g, '')
}

export function codesOn(html: string): string[] {
  const list = /id="backup-codes"[^]*?<\/(ul|ol|dl|div)>/.exec(html)?.[0] ?? ''
  return [...list.matchAll(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/g)].map(([code]) => code)
}
