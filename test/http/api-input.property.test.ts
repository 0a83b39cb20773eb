import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS, startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

type Verb = Parameters<Client>[0]

/** Text of the kind that databases, parsers and spreadsheets stumble over. */
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\0',
    'a\u0000b',
    '\ud800',
    'x\udfff',
    '__proto__',
    'constructor',
    "'; drop table realm; --",
    '%',
    '_',
    '\\',
    '-1',
    '1e999',
    'NaN',
    '99999999999999999999',
    '0x10',
    '../../settings',
    '\u202e',
    '😀'.repeat(50),
    // Ten of these still fit into one address: what doesn't is answered before there is a request.
    'x'.repeat(1_200),
  ),
)
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, -(2 ** 63), 1e308, -0))
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    odd,
    number,
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('table'),
  ),
  list: fc.array(tie('any'), { maxLength: 4 }),
  table: fc.dictionary(odd, tie('any'), { maxKeys: 4 }),
})).any

/** Names that some endpoint knows, so that what is drawn gets past the first check. */
const NAMES = [
  'enforcement', 'methods', 'priority', 'grace', 'days', 'until', 'reason', 'confirm', 'maxFailures', 'issuerName',
  'smsTexts', 'apiClients', 'selfMethods', 'settings', 'rules', 'save', 'remove', 'overrides', 'groupId', 'userId',
  'search', 'status', 'method', 'group', 'first', 'max', 'user', 'actor', 'event', 'from', 'to', 'after', 'format',
] // prettier-ignore
const usual = fc.constantFrom<unknown>(
  'required', 'optional', 'totp', ['totp'], 0, 1, { days: 3 }, 'enrolled', '2026-01-01T00:00:00Z', 'settings.changed',
) // prettier-ignore
const likely = fc.dictionary(fc.constantFrom(...NAMES), fc.oneof(value, usual), { maxKeys: 4 })
const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), odd), fc.oneof(odd, usual.map(String))), {
    maxLength: 4,
  })
  .map((pairs) => pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&'))
const id = fc.oneof(fc.constantFrom('ann', 'g-field', 'c1-ann'), odd.map(encode))
const header = fc.oneof(
  fc.constantFrom('*', '"0"', '"1"', 'W/"1"', '"99999999999999999999"', '1', ',', '"', ' "0" , "1" '),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
)

/** As in an address; halves of characters can't be written there. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

describe.each(PLACES)('whatever is sent to the API, on %s', (_, makePlace) => {
  let place: Place
  let world: ApiWorld
  let erin: Client

  beforeAll(async () => {
    place = await makePlace()
    world = await startApi({
      dbUrl: place.url,
      groups: [{ id: 'g-field', path: '/field', managers: ['heidi'] }],
      users: [
        { id: 'ann', groups: ['g-field'] },
        { id: 'erin', roles: ['tfa-admin'] },
      ],
    })
    await world.enrol('ann')
    erin = await world.as('erin', ['tfa-admin'])
  })
  afterAll(async () => {
    await world.stop()
    await place.drop()
  })

  it.each(ENDPOINTS.map((one) => [`${one.verb} ${one.path}`, one] as const))(
    'is answered as described by %s, and never by a fault of ours',
    async (_name, endpoint) => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(value, likely),
          query,
          id,
          id,
          fc.constantFrom('If-Match', 'If-None-Match', 'X-Other'),
          header,
          async (body, search, first, second, name, tag) => {
            const ids = [first, second]
            const path = endpoint.path.replaceAll(/\{\w+\}/g, () => ids.shift() || 'x')
            // A realm that nobody may use any more would answer nothing but 401.
            if (endpoint.id === 'changeSettings' && JSON.stringify(body).includes('apiClients')) return
            const answer = await erin(endpoint.verb.toUpperCase() as Verb, `${path}?${search}`, {
              ...(endpoint.body === undefined ? {} : { body }),
              headers: { [name]: tag },
            })
            expect(answer.status, answer.text).toBeLessThan(500)
          },
        ),
        { numRuns: 60 },
      )
    },
  )

  const save = async (raw: string | Uint8Array<ArrayBuffer>, type = 'application/json', more = {}) =>
    await erin('PUT', '/users/ann/override', { raw, headers: { 'Content-Type': type, ...more } })
  const GOOD = '{"enforcement":"optional"}'

  it.each([
    ['no JSON', '{"enforcement"', 400],
    ['nothing', '', 400],
    ['a BOM alone', '\ufeff', 400],
    ['deep JSON', `{"reason":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 400],
    ['deep objects', `${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`, 400],
    ['__proto__', '{"enforcement":"optional","__proto__":{"reason":"x"}}', 400],
    ['duplicate keys, of which the last counts', '{"enforcement":"maybe","enforcement":"optional"}', 200],
    ['NUL', '{"enforcement":"optional","reason":"a\\u0000b"}', 400],
    ['half a character', '{"enforcement":"optional","reason":"\\ud800"}', 400],
    ['a name with half a character', '{"enforcement":"optional","\\udfff":1}', 400],
    ['a huge number', `{"enforcement":"optional","reason":1${'0'.repeat(400)}}`, 400],
    ['100 kB', `{"enforcement":"optional","reason":"${'x'.repeat(100 * 1024)}"}`, 413],
  ])('%s is taken for what it is', async (_what, raw, status) => {
    const answer = await save(raw)
    expect(answer.status, answer.text).toBe(status)
  })

  it('takes JSON in UTF-8 and nothing else', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/merge-patch+json',
      'application/xml',
      'application/json; charset=iso-8859-1',
    ]) {
      expect((await save(GOOD, type)).status, type).toBe(415)
    }
    expect((await save(GOOD, 'application/json', { 'Content-Encoding': 'gzip' })).status).toBe(415)
    expect((await save(GOOD, 'application/json; charset=UTF-8')).status).toBe(200)
    expect((await save(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))).status).toBe(400)
  })

  it('takes no cursor but those it gave', async () => {
    for (const text of ['[1,"a\\u0000b"]', '[1,"\\ud800"]', '[1e99,"a"]', '[1]', '{}', '']) {
      const cursor = Buffer.from(text).toString('base64url')
      expect((await erin('GET', `/audit?after=${cursor}`)).status, text).toBe(400)
    }
  })

  it('says what there is where the verb is another', async () => {
    for (const verb of ['PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS'] as const) {
      const answer = await erin(verb, '/settings')
      expect(answer.status).toBe(405)
      expect(answer.headers.get('allow')).toBe('GET, PATCH')
    }
    for (const path of ['', '/', '/settings/', '/Settings', '/users/ann/methods/a/b', '//settings']) {
      expect((await erin('GET', path)).status, path).toBe(404)
    }
  })

  it('answers for no other realm, and with a problem where the realm can not be read', async () => {
    for (const [realm, status] of [
      ['other', 404],
      ['%ZZ', 400],
      ['%00', 404],
    ] as const) {
      const response = await fetch(`${world.app.url}/realms/${realm}/api/v1/settings`)
      expect(response.status, realm).toBe(status)
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      await response.body?.cancel()
    }
  })
})
