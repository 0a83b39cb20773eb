import { decodeJwt } from 'jose'
import { Browser, formOf } from './browser.ts'
import type { Answer } from './browser.ts'
import { PASSWORD } from './people.ts'
import type { Person } from './people.ts'

/** The application that everybody logs in to. */
export const CLIENT = 'application'
export const CALLBACK = 'http://127.0.0.1/callback'

/** What comes after the password: our page, Keycloak's own, or nothing. */
export type Second = 'ours' | 'otp-form' | 'none'

/** A login from the authorization request to the tokens. */
export interface Walk {
  ms: number
  /** Milliseconds by request, in the order of the login. */
  legs: Record<string, number>
  /** The ID token's claim of that name. */
  amr: unknown
}

/**
 * Logs somebody in.
 * @param issuer the realm
 * @throws Error where it does not end with tokens, or the second factor was not asked for as it should be
 */
export async function logIn(issuer: string, person: Person, second: Second): Promise<Walk> {
  const browser = new Browser()
  const endpoint = `${issuer}/protocol/openid-connect`
  const ask = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    state: person.id,
  })
  const begun = performance.now()
  const form = await browser.get('authorization request', `${endpoint}/auth?${ask.toString()}`)
  let answer = await browser.post('password', formOf(form, issuer), {
    username: person.username,
    password: PASSWORD,
  })
  if (second === 'otp-form') {
    answer = await browser.post("Keycloak's code form", formOf(answer, issuer), { otp: await person.code() })
  } else if (second === 'ours') {
    answer = await step(browser, answer, person)
  }
  const code = codeIn(answer)
  const tokens = await browser.post('tokens', `${endpoint}/token`, {
    grant_type: 'authorization_code',
    client_id: CLIENT,
    redirect_uri: CALLBACK,
    code,
  })
  const ms = performance.now() - begun
  const { id_token: idToken } = JSON.parse(tokens.body) as { id_token?: string }
  if (idToken === undefined) throw new Error(`there is no token: ${tokens.body}`)
  const { sub, amr } = decodeJwt(idToken)
  if (sub !== person.id) throw new Error('the token is of somebody else')
  return { ms, legs: Object.fromEntries(browser.legs.map((leg) => [leg.name, leg.ms])), amr }
}

/** From Keycloak's redirect to the sidecar to what Keycloak answers to what came back. */
async function step(browser: Browser, redirect: Answer, person: Person): Promise<Answer> {
  const bound = await browser.get('to the step', leading(redirect))
  const page = await browser.get("the step's page", leading(bound))
  const challenge = formOf(page, bound.location, '/challenge/totp')
  const done = await browser.post("the step's code form", challenge, { code: await person.code() })
  return await browser.get('back at Keycloak', leading(done))
}

function codeIn(answer: Answer): string {
  const address = leading(answer)
  const code = new URL(address).searchParams.get('code')
  if (!address.startsWith(CALLBACK) || code === null) throw new Error(`the login led to ${address}`)
  return code
}

function leading({ location, status, body }: Answer): string {
  if (location === '') throw new Error(`a redirect was expected (${status}): ${body.slice(0, 2000)}`)
  return location
}
