import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/web/admin/table.ts'
import { startAccount } from '../support/account.ts'
import type { AccountWorld, Agent } from '../support/account.ts'
import { startPages } from '../support/admin-pages.ts'
import type { PagesWorld, Visitor } from '../support/admin-pages.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

/** Would stand in a page as an element of its own, were it not escaped; and in a template or a header as more. */
const MARK = '<i-was-here>'
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    MARK,
    `"${MARK}`,
    `{{{${MARK}}}}`,
    `{{constructor.constructor "return process"}}${MARK}`,
    `x\r\nSet-Cookie: a=b\r\n\r\n${MARK}`,
    // oxlint-disable-next-line no-template-curly-in-string
    '${jndi:ldap://x}',
    '\0',
    '\ud800',
    '__proto__',
    '../../etc/passwd',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '{phone}{code}{link}',
    '-1',
    '1e99',
    '9'.repeat(30),
    '\u202eabc',
    'x'.repeat(2_000),
  ),
)
const NAMES = [
  'code', 'label', 'method', 'saved', 'country', 'phone', 'trust', 'name', 'search', 'status', 'to', 'enforcement',
  'methods', 'priority', 'reason', 'username', 'email', 'issuerName', 'smsTexts', 'maxFailures', 'version', 'secret',
  'recipient', 'graceDays', 'graceUntil', 'error', 'choose', '__proto__', 'constructor',
] // prettier-ignore
const fields = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), odd), odd), { maxLength: 5 })
const id = fc.oneof(fc.constantFrom('totp', 'sms', 'backup-codes', 'ann', 'g-field', 'ann-totp'), odd)
/** Now and then a body that is no form, or one in another encoding. */
const body = fc.oneof(
  { weight: 5, arbitrary: fields.map((pairs) => new URLSearchParams(wellFormed(pairs)).toString()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%ff=%fe', 'code[]=1', 'code[a]=1&code=2', '&&==&', 'a'.repeat(9_000)),
  },
)

function wellFormed(pairs: [string, string][]): [string, string][] {
  return pairs.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()])
}

const inPath = (text: string) => encodeURIComponent(text.toWellFormed()) || 'x'

/** Each field alone with the mark: what is drawn seldom meets the one field that a page shows again. */
const MARKED = NAMES.map((name) => new URLSearchParams([[name, `"${MARK}`]]).toString())

interface Answer {
  status: number
  headers: Headers
  text: string
}

/** What holds for every answer of ours, whatever was sent (R24). */
function expectSound({ status, headers, text }: Answer, own: string[]): void {
  expect(status, text.slice(0, 300)).toBeLessThan(500)
  // A file of the audit is data, and no browser takes it for a page.
  if (/html/.test(headers.get('content-type') ?? '')) expect(text).not.toContain(MARK)
  else expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(headers.get('cache-control')).toBe('no-store')
  const to = headers.get('location')
  if (to !== null)
    expect(
      own.some((place) => new URL(to, own[0]).href.startsWith(place)),
      to,
    ).toBe(true)
}

async function send(url: string, cookie: string, sent: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    body: sent,
    redirect: 'manual',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('whatever is posted to a step', () => {
  const clock: Clock = { now: 1_800_000_015_000 }
  let realm: FakeRealm
  let app: RunningApp
  beforeAll(async () => {
    realm = await startRealm()
    app = await startApp({
      keycloakUrl: realm.keycloakUrl,
      clock,
      environment: { LATCHKEY_DELIVERY: 'inbox' },
    })
    await app.policy.saveSettings('demo', {
      enforcement: 'required',
      methods: ['totp', 'sms', 'backup-codes'],
      smsCountries: ['NL'],
    })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
  })

  it.each(['challenge', 'enrol', 'saved', 'method', 'phone', 'send', 'go-on', 'set-up', 'not-now'])(
    'to its %s, is answered by a page or a redirect of ours, and lets nobody in (R13, R24)',
    async (form) => {
      await fc.assert(
        fc.asyncProperty(
          id,
          body,
          fc.constantFrom('new', 'chosen', 'enrolled'),
          async (method, sent, stage) => {
            const login = await new Login(app, realm, { sub: randomUUID() }, () => clock.now).begin()
            if (stage === 'chosen') await login.post('method', { method: 'sms' })
            if (stage === 'enrolled') {
              await login.post('method', { method: 'totp' })
              await login.enrol()
            }
            const path = ['challenge', 'enrol'].includes(form) ? `${form}/${inPath(method)}` : form
            const answer = await send(`${app.url}${login.step}/${path}`, login.cookie, sent)
            // A step that ended leads back to its login, wherever its form comes from.
            const back = stage === 'enrolled' ? [String(login.question['redirect_uri'])] : []
            expectSound(answer, [`${app.url}/realms/demo/`, ...back])
            const page = await fetch(`${app.url}${login.step}?${sent.slice(0, 500)}`, {
              headers: { cookie: login.cookie },
            })
            expect(page.status).toBeLessThan(500)
            expect(await page.text()).not.toContain(MARK)
          },
        ),
        { numRuns: 40 + MARKED.length, examples: MARKED.map((sent) => ['totp', sent, 'new']) },
      )
    },
  )
})

describe("whatever is posted to the user's own pages", () => {
  let world: AccountWorld
  let agent: Agent
  beforeAll(async () => {
    world = await startAccount()
    agent = world.browser()
    await world.open(agent, '/realms/demo/account')
  })
  afterAll(async () => {
    await world.stop()
  })

  it.each([
    'account/set-up',
    'account/methods/:id/rename',
    'account/methods/:id/default',
    'account/methods/:id/remove',
    'account/devices/forget',
    'account/devices/:id/forget',
    'account/off',
    'link',
  ])('%s: is answered by a page or a redirect of ours (R24)', async (path) => {
    await fc.assert(
      fc.asyncProperty(id, body, async (one, sent) => {
        const { status, headers, text } = await agent
          .post(`/realms/demo/${path.replace(':id', inPath(one))}`)
          .set('Sec-Fetch-Site', 'same-origin')
          .type('form')
          .send(sent)
        expectSound({ status, headers: new Headers(headers), text }, [`${world.app.url}/realms/demo/`])
      }),
      { numRuns: 40 + MARKED.length, examples: MARKED.map((sent) => ['ann', sent]) },
    )
  })
})

describe("whatever is posted to the administrator's pages", () => {
  let world: PagesWorld
  let erin: Visitor
  beforeAll(async () => {
    world = await startPages({
      groups: [{ id: 'g-field', path: '/field', managers: ['heidi'] }],
      users: [
        { id: 'ann', groups: ['g-field'], methods: ['totp'] },
        { id: 'erin', roles: ['tfa-admin'] },
      ],
    })
    erin = await world.as('erin', ['tfa-admin'])
  })
  afterAll(async () => {
    await world.stop()
  })

  it.each(ROUTES.map(([verb, path]) => [verb, path] as const))(
    '%s %s: is answered by a page or a redirect of ours (R24)',
    async (verb, path) => {
      await fc.assert(
        fc.asyncProperty(id, id, body, async (first, second, sent) => {
          // A realm that nobody may use any more would answer nothing but 403.
          if (sent.includes('apiClients')) return
          const ids = [first, second]
          const at = path.replaceAll(/:\w+/g, () => inPath(ids.shift() ?? 'x'))
          const answer =
            verb === 'post'
              ? await erin.post(at, new URLSearchParams(sent))
              : await erin.get(`${at}?${sent.slice(0, 2_000)}`)
          expectSound({ ...answer, text: answer.html }, [`${world.app.url}/realms/demo/`])
        }),
        { numRuns: 25 + MARKED.length, examples: MARKED.map((sent) => ['ann', 'ann-totp', sent]) },
      )
    },
  )
})
