import type { JWTPayload } from 'jose'
import { assertionOf } from '../support/login.ts'
import { questionOf } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import type { Fleet } from './fleet.ts'

/** What a server answered. */
export interface Answer {
  status: number
  /** Empty where there is none. */
  location: string
  /** The cookies that were set, as a request carries them. */
  cookies: string[]
  text: string
}

/**
 * One login: what the bridge says and what browsers do, over HTTP and without a library between, since there are hundreds
 * of thousands. Each request goes to the fleet's next server.
 */
export class Play {
  readonly base: string
  readonly question: JWTPayload
  /** As `X-Forwarded-For` tells it. */
  readonly address: string | undefined
  requestUri = ''
  step = ''
  /** The step's cookie. */
  cookie = ''
  readonly #fleet: Fleet
  readonly #realm: FakeRealm
  readonly #issuer: string

  constructor(
    fleet: Fleet,
    { user, realm = 'demo', address }: { user: string; realm?: string; address?: string },
    change: Record<string, unknown> = {},
  ) {
    this.#fleet = fleet
    this.#realm = { ...fleet.keycloak, issuer: `${fleet.keycloak.keycloakUrl}/realms/${realm}` }
    this.base = `/realms/${realm}`
    this.#issuer = `${fleet.urls[0]}${this.base}`
    this.address = address
    const claims = { sub: user, preferred_username: user, ...change }
    this.question = questionOf(this.#realm, this.#issuer, Date.now(), claims)
  }

  /** The signed request object; the same each time it is asked for anew but for its signature. */
  async signed(): Promise<string> {
    return await this.#realm.sign('oauth-authz-req+jwt', this.question)
  }

  async push(request: string): Promise<Answer> {
    const answer = await this.#send('POST', `${this.base}/par`, { client_id: this.#realm.issuer, request })
    if (answer.status === 201)
      this.requestUri = (JSON.parse(answer.text) as { request_uri: string }).request_uri
    return answer
  }

  /** A browser follows the request_uri; whether the step is its own from now on is for `take`. */
  async arrive(cookie = ''): Promise<Answer> {
    const query = new URLSearchParams({ client_id: this.#realm.issuer, request_uri: this.requestUri })
    return await this.#send('GET', `${this.base}/authorize?${query.toString()}`, undefined, cookie)
  }

  /** Goes on as the browser that got this answer. */
  take(answer: Answer): void {
    this.step = answer.location.split('?', 1)[0] ?? ''
    this.cookie = answer.cookies[0] ?? ''
  }

  /** From the question to the step's page. @throws Error where there is no step */
  async begin(): Promise<this> {
    const pushed = await this.push(await this.signed())
    const arrived = await this.arrive()
    if (!isBound(arrived))
      throw new Error(`no step: ${pushed.status} ${pushed.text.slice(0, 200)}, ${arrived.status}`)
    this.take(arrived)
    return this
  }

  async page(more: string[] = []): Promise<Answer> {
    return await this.#send('GET', this.step, undefined, [this.cookie, ...more].join('; '))
  }

  async submit(path: string, fields: Record<string, string>): Promise<Answer> {
    return await this.#send('POST', `${this.step}/${path}`, fields, this.cookie)
  }

  /** The button of a link that was sent. */
  async press(token: string): Promise<Answer> {
    return await this.#send('POST', `${this.base}/link`, { token })
  }

  async redeem(code: string): Promise<Answer> {
    return await this.#send('POST', `${this.base}/token`, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: String(this.question['redirect_uri']),
      client_id: this.#realm.issuer,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await this.#realm.sign(
        'client-authentication+jwt',
        assertionOf(this.#realm, this.#issuer, Date.now()),
      ),
    })
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    fields: Record<string, string> | undefined,
    cookie = '',
  ): Promise<Answer> {
    requests++
    const response = await fetch(`${this.#fleet.urls[requests % this.#fleet.urls.length]}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(this.address === undefined ? {} : { 'x-forwarded-for': this.address }),
      },
      ...(fields === undefined ? {} : { body: new URLSearchParams(fields) }),
    })
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      cookies: response.headers.getSetCookie().map((one) => one.split(';', 1)[0] ?? ''),
      text: await response.text(),
    }
  }
}
let requests = 0

/** Whether a browser got the step's cookie. */
export function isBound({ status, cookies }: Answer): boolean {
  return status === 303 && cookies.some((one) => /^lk-(?!device-)/.test(one))
}

/** Whether the login goes on to Keycloak with a code. */
export function isLetIn({ location }: Answer): boolean {
  return location.includes('&code=')
}
