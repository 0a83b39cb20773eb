import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PAGES } from '../../src/web/server.ts'
import { ownPath } from '../../src/web/session/begin-login.ts'
import { BASE, startAccount } from '../support/account.ts'
import type { AccountWorld } from '../support/account.ts'

const EVIL = 'evil.example'
const TRICKS = [
  `https://${EVIL}`, `//${EVIL}`, `///${EVIL}`, `/\\${EVIL}`, `\\\\${EVIL}`, `/\t/${EVIL}`, `/\n/${EVIL}`, `\t//${EVIL}`,
  `https:${EVIL}`, `https:/${EVIL}`, `//${EVIL}${BASE}/account`, `${BASE}/..//${EVIL}`, `${BASE}/../../../${EVIL}`,
  `${BASE}/%2e%2e//${EVIL}`, `${BASE}/.%2E/%2e./${EVIL}`, `${BASE}\\..\\..\\${EVIL}`, `${BASE}/\\..\\..//${EVIL}`,
  `${BASE}@${EVIL}`, `@${EVIL}`, `.${EVIL}`, `${BASE}.${EVIL}`, `${BASE}account`, `${BASE}//${EVIL}`, `//google%E3%80%82com`,
  'javascript:alert(1)', 'data:text/html,x', 'jAvAsCrIpT:x', `${BASE}/x\r\nLocation: https://${EVIL}`, `/\u2028/${EVIL}`,
  `//user:pass@${EVIL}`, `//[::1]`, `//0x7f.1`, `https://127.0.0.1@${EVIL}`, `${BASE}/account#@${EVIL}`, '\0', '',
] // prettier-ignore
const place = fc.oneof(
  fc.constantFrom(...TRICKS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(fc.constantFrom('/', '\\', '.', '..', '%2e', '%2f', '%5c', ':', '@', '?', '#', '\t', BASE, EVIL), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
)

describe('where a login leads to then', () => {
  const origin = 'https://tfa.example.com'
  const realm = { base: BASE } as Parameters<typeof ownPath>[0]

  it('is a page below the realm, whatever was asked for (R24)', () => {
    fc.assert(
      fc.property(fc.oneof(place, fc.anything()), (to) => {
        const path = ownPath(realm, origin, to)
        // As a browser reads the header, which has neither line breaks nor blanks around it.
        for (const read of [path, path.replaceAll('\\', '/'), decodeURI(encodeURI(path.toWellFormed()))]) {
          const url = new URL(read, origin)
          expect(url.origin).toBe(origin)
          expect(url.pathname.startsWith(`${BASE}/`)).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

let world: AccountWorld
beforeAll(async () => {
  world = await startAccount()
})
afterAll(async () => await world.stop())

const ownOrigins = () => [world.app.url, new URL(world.realm.issuer).origin]

function expectOwn(to: string | undefined): void {
  if (to === undefined) return
  expect(to).not.toMatch(/[\r\n]/)
  expect(ownOrigins(), to).toContain(new URL(to, world.app.url).origin)
}

describe('whoever asks for a page by an address that names a place', () => {
  it('comes to a page of ours behind the login (R24)', async () => {
    await fc.assert(
      fc.asyncProperty(place, async (to) => {
        const agent = world.browser()
        const begun = await agent.get(`${BASE}/login`).query({ to: to.toWellFormed() })
        expectOwn(begun.headers['location'])
        const back = await world.realm.authorize(begun.headers['location'] ?? '')
        const ended = await agent.get(back.slice(world.app.url.length))
        expect(ended.status).toBe(303)
        const url = new URL(ended.headers['location'] ?? '', world.app.url)
        expect(url.origin).toBe(world.app.url)
        expect(url.pathname.startsWith(`${BASE}/`)).toBe(true)
      }),
      { numRuns: 30, examples: TRICKS.slice(0, 12).map((trick) => [trick]) },
    )
  })

  it('whose cookie was written by somebody else comes to a page of ours, too', async () => {
    const agent = world.browser()
    const { headers } = await agent.get(`${BASE}/login`)
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(headers['set-cookie']?.[0] ?? '') ?? []
    const begun = JSON.parse(Buffer.from(value, 'base64url').toString()) as object
    for (const change of [{ to: `https://${EVIL}` }, { to: `//${EVIL}` }, { to: `${BASE}/..//${EVIL}` }]) {
      const back = await world.realm.authorize(headers['location'] ?? '')
      const forged = Buffer.from(JSON.stringify({ ...begun, ...change })).toString('base64url')
      const ended = await world
        .browser()
        .get(back.slice(world.app.url.length))
        .set('Cookie', `${name}=${forged}`)
      expect([ended.status, ended.headers['location']]).toEqual([303, `${BASE}/account`])
    }
    const back = await world.realm.authorize(headers['location'] ?? '')
    for (const odd of [
      'null',
      '[]',
      '7',
      '"x"',
      '{}',
      '{"secret":7}',
      '{"secret":null,"to":"x","fresh":1}',
      '{',
    ]) {
      const ended = await world
        .browser()
        .get(back.slice(world.app.url.length))
        .set('Cookie', `${name}=${Buffer.from(odd).toString('base64url')}`)
      expect([ended.status, odd]).toEqual([410, odd])
    }
  })

  it('meets it in no link, form or redirect of any page (R24)', async () => {
    const NAMES = [
      'to', 'redirect_uri', 'post_logout_redirect_uri', 'return_to', 'returnTo', 'next', 'url', 'continue', 'done',
      'cancelled', 'iss', 'client_id', 'request_uri', 'client_uri', 'token', 'error', 'ui_locales', 'state', 'code',
    ] // prettier-ignore
    const signedIn = world.browser()
    await world.open(signedIn, `${BASE}/account`)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PAGES), place, async ([verb, route], to) => {
        const path = route.replaceAll(/:\w+/g, (name) => (name === ':realm' ? 'demo' : 'x'))
        const query = new URLSearchParams(
          NAMES.map((name): [string, string] => [name, to.toWellFormed()]),
        ).toString()
        for (const agent of [signedIn, world.browser()]) {
          const answer =
            verb === 'get'
              ? await agent.get(`${path}?${query}`)
              : await agent.post(`${path}?${query}`).type('form').send(query.slice(0, 12_000))
          expect(answer.status, answer.text).toBeLessThan(500)
          expectOwn(answer.headers['location'])
          for (const [, link = ''] of (answer.text ?? '').matchAll(
            /\s(?:href|action|src|content)="([^"]*)"/g,
          )) {
            if (/^(\/|https?:)/.test(link)) expectOwn(link.replaceAll('&amp;', '&'))
            expect(link).not.toMatch(/^\s*javascript:/i)
          }
          for (const cookie of (answer.headers['set-cookie'] ?? []) as string[])
            expect(cookie).not.toContain(EVIL)
        }
      }),
      { numRuns: 60 },
    )
  })
})
