import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { ScureBase32Plugin, generateSync } from 'otplib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { readExport } from '../../src/adapters/keycloak/moving/export-file.ts'
import { readApp } from '../../src/adapters/keycloak/moving/read-app.ts'
import { readUser } from '../../src/adapters/keycloak/moving/read-user.ts'
import { totp } from '../../src/methods/totp/totp.ts'
import { ACCOUNT, NOW, contextAt } from '../support/kit.ts'
import { otpOf, PASSWORD } from '../support/moving.ts'

const VALUE = 'abcdefghij0123456789'
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const reading = { realm: 'acme', phoneAttribute: 'mobile', now: NOW }
const dataOf = (raw: unknown) => {
  const app = readApp(raw, NOW)
  if ('skip' in app) throw new Error(app.skip)
  return totp.read(app.data)
}

describe("Keycloak's own OTP credential", () => {
  it.each([
    ['the bytes of its text', VALUE, {}, Buffer.from(VALUE)],
    ['bytes beyond ASCII', 'grüße-aus-österreich', {}, Buffer.from('grüße-aus-österreich', 'utf8')],
    ['text that would be base32 too', BASE32, {}, Buffer.from(BASE32)],
    ['base32 where it says so', BASE32, { secretEncoding: 'BASE32' }, Buffer.from('12345678901234567890')],
    [
      'base32 in small letters and groups',
      'gezd gnbv gy3t qojq gezd gnbv gy3t qojq====',
      { secretEncoding: 'BASE32' },
      Buffer.from('12345678901234567890'),
    ],
  ])('has for its key %s (P22)', (_, value, change, key) => {
    expect(new ScureBase32Plugin().decode(dataOf(otpOf('c', value, change)).secret)).toEqual(
      new Uint8Array(key),
    )
  })

  it.each([
    ['HmacSHA1', 'sha1', 6, 30],
    ['HmacSHA256', 'sha256', 8, 60],
    ['HmacSHA512', 'sha512', 8, 30],
  ] as const)('keeps its parameters, and its app works: %s', (name, algorithm, digits, period) => {
    const data = dataOf(otpOf('c', VALUE, { algorithm: name, digits, period }))
    const next = Math.floor(NOW / 1000) + period
    const code = generateSync({ secret: Buffer.from(VALUE), algorithm, digits, period, epoch: next })
    const verdict = totp.finishChallenge(data, undefined, code, ACCOUNT, contextAt(NOW))
    expect(verdict).toMatchObject({ ok: true })
  })

  it('does not take a code here that Keycloak may have taken before (R2)', async () => {
    const code = (epoch: number) => generateSync({ secret: Buffer.from(VALUE), epoch })
    const take = async (text: string) =>
      await totp.finishChallenge(dataOf(otpOf('c', VALUE)), undefined, text, ACCOUNT, contextAt(NOW))
    expect(await take(code(NOW / 1000 - 30))).toMatchObject({ ok: false })
    expect(await take(code(NOW / 1000))).toMatchObject({ ok: false })
    expect(await take(code(NOW / 1000 + 30))).toMatchObject({ ok: true })
  })

  it('has no parameters of its own where it is like a new one (R1)', () => {
    expect(Object.keys(dataOf(otpOf('c', VALUE))).toSorted()).toEqual(['lastStep', 'secret'])
  })

  it.each([
    ['hotp', { subType: 'hotp' }],
    ['unsupported', { algorithm: 'HmacMD5' }],
    ['unsupported', { algorithm: 'toString' }],
    ['unsupported', { digits: 7 }],
    ['unsupported', { period: 5 }],
    ['unsupported', { period: 300 }],
    ['malformed', { secretEncoding: 'HEX' }],
    ['malformed', { secretEncoding: 'BASE32' }],
    ['malformed', { subType: 'other' }],
  ])('stays behind as %s with %j', (skip, change) => {
    expect(readApp(otpOf('c', VALUE, change), NOW)).toEqual({ id: 'c', skip })
  })

  it.each([
    ['weak', 'abcdefghij'],
    ['unsupported', 'x'.repeat(65)],
  ])('stays behind as %s with the secret %s', (skip, value) => {
    expect(readApp(otpOf('c', value), NOW)).toEqual({ id: 'c', skip })
  })

  it('stays behind, whatever else it is, and never throws', () => {
    const broken = fc.record(
      {
        id: fc.anything(),
        secretData: fc.oneof(fc.json(), fc.string(), fc.anything()),
        credentialData: fc.oneof(fc.json(), fc.string(), fc.anything()),
        userLabel: fc.anything(),
        createdDate: fc.anything(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(broken, fc.anything()), (raw) => {
        expect(readApp(raw, NOW)).toMatchObject({ skip: 'malformed' })
      }),
    )
  })

  it('is usable, or stays behind, with any parameters', () => {
    const any = fc.record({
      subType: fc.constantFrom('totp', 'hotp'),
      digits: fc.integer({ min: -1, max: 12 }),
      period: fc.integer({ min: -1, max: 400 }),
      algorithm: fc.constantFrom('HmacSHA1', 'HmacSHA256', 'HmacSHA512', 'x'),
      secretEncoding: fc.constantFrom('BASE32', 'base32', 'x'),
    })
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), any, (value, change) => {
        const app = readApp(otpOf('c', value, change), NOW)
        if (!('skip' in app)) {
          expect(() =>
            totp.finishChallenge(totp.read(app.data), undefined, '123456', ACCOUNT, contextAt(NOW)),
          ).not.toThrow()
        }
      }),
    )
  })
})

describe('a user of an export', () => {
  it('has the apps in the order of the export, and the number of the attribute that was named', () => {
    const user = readUser(
      {
        id: 'u',
        attributes: { mobile: [' +49 170 1'], phoneNumber: ['x'] },
        credentials: [PASSWORD, otpOf('b', VALUE), otpOf('a', VALUE)],
      },
      reading,
    )
    expect(user).toMatchObject({ id: 'u', phone: ' +49 170 1', hasCredentials: true })
    expect(user?.apps.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('is left, or read as far as it goes, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        readUser(raw, reading)
      }),
    )
  })
})

describe("a realm's export", () => {
  let folder = ''
  const made: string[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-export-'))
    made.push(folder)
  })
  afterAll(() => {
    for (const one of made) rmSync(one, { recursive: true, force: true })
  })
  const put = (name: string, content: unknown) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
  const read = async (path: string) => {
    const ids: (string | undefined)[] = []
    for await (const user of readExport(path, reading)) ids.push(user?.id)
    return ids
  }
  const user = (id: unknown) => ({ id, credentials: [PASSWORD] })

  it('gives its users, without service accounts; one that cannot be read does not stop the rest', async () => {
    const users = [user('a'), { id: 's', serviceAccountClientId: 'x' }, user(7), user('b')]
    const path = put('one.json', { realm: 'acme', groups: [{ users: ['no'] }], users })
    expect(await read(path)).toEqual(['a', undefined, 'b'])
  })

  it('gives the users of a folder in the order of the files, and those of no other realm', async () => {
    for (const [name, id] of [
      ['acme-users-10.json', 'c'],
      ['acme-users-2.json', 'b'],
      ['acme-users-0.json', 'a'],
      ['acme-b-users-0.json', 'no'],
    ] as const)
      put(name, { realm: name.startsWith('acme-b') ? 'acme-b' : 'acme', users: [user(id)] })
    put('acme-federated-users-0.json', { realm: 'acme', federatedUsers: [user('f:1:x')] })
    put('acme-realm.json', { realm: 'acme' })
    expect(await read(folder)).toEqual(['f:1:x', 'a', 'b', 'c'])
  })

  it.each([
    ['has no users', { realm: 'acme', clients: [] }],
    ['has no users', { realm: 'acme', users: [{ id: 's', serviceAccountClientId: 'x' }] }],
    ['has users without any credentials', { realm: 'acme', users: [{ id: 'a' }] }],
  ])('that %s is told to be a partial one', async (what, content) => {
    await expect(read(put('one.json', content))).rejects.toThrow(
      new RegExp(`${what}: a partial export .*kc.sh export --realm acme`),
    )
  })

  it.each([
    ['another realm', { realm: 'other', users: [user('a')] }, 'an export of the realm "other", not of acme'],
    ['no realm', { users: [user('a')] }, 'does not name one'],
    ['no object', [1, 2], 'does not name one'],
    ['the end missing', '{"realm":"acme","users":[{"id":"a"', 'ends in the middle'],
    ['nothing', '', 'ends in the middle'],
    ['no JSON', '{"realm":"acme","users":[{"id":"a" "sesame"', 'is not JSON'],
  ])('of %s is refused', async (_, content, message) => {
    const failure: unknown = await read(put('one.json', content)).catch((error: unknown) => error)
    expect(String(failure)).toContain(message)
    expect(String(failure)).not.toContain('sesame')
  })

  it('of an empty folder is refused', async () => {
    await expect(read(folder)).rejects.toThrow('no export of the realm acme')
  })

  it('ends in users or an error that says which file, whatever the file has', async () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((json) => `{"realm":"acme","users":${json}}`),
      fc
        .json()
        .map(
          (json) =>
            `{"realm":"acme","users":[${json}],"federatedUsers":[{"id":"a","credentials":[${json}]}]}`,
        ),
    )
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const failure: unknown = await read(put('any.json', content)).catch((error: unknown) => error)
        if (failure instanceof Error) expect(failure.message).toMatch(/any\.json|the export has/)
      }),
      { numRuns: 200 },
    )
  })
})
