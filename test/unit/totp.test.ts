import { ScureBase32Plugin, generateSync } from 'otplib'
import QRCode from 'qrcode'
import { describe, expect, it } from 'vitest'
import { totp } from '../../src/methods/totp/totp.ts'
import { ACCOUNT, NOW, SECRET, contextAt } from '../support/kit.ts'

const code = (now: number) => generateSync({ secret: SECRET, epoch: Math.floor(now / 1000) })
const answer = (text: string, now = NOW, lastStep = 0) =>
  totp.finishChallenge({ secret: SECRET, lastStep }, undefined, text, ACCOUNT, contextAt(now))
const wrong = { ok: false, error: 'wrong' }
const step = (now: number) => Math.floor(now / 30_000)

describe('the authenticator app', () => {
  it('makes 160 random bits and the key URI that every app reads (R1)', () => {
    const account = { ...ACCOUNT, issuer: 'Acme: Ltd', username: 'bob:x@y z' }
    const { keep } = totp.beginEnrolment(account, contextAt())
    const show = totp.showEnrolment(keep, account)
    expect(keep.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(show).toEqual({
      kind: 'totp',
      secret: keep.secret,
      uri: `otpauth://totp/Acme%20%20Ltd:bob%20x%40y%20z?secret=${keep.secret}&issuer=Acme%20%20Ltd&algorithm=SHA1&digits=6&period=30`,
    })
    const other = totp.beginEnrolment(ACCOUNT, contextAt()).keep
    expect(other.secret).not.toBe(keep.secret)
  })

  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('takes the code of RFC 6238, appendix B, at %i s', (seconds, expected) => {
    expect(answer(expected, seconds * 1000)).toMatchObject({ ok: true })
  })

  // RFC 6238, appendix B: eight digits, and a key as long as the hash.
  it.each([
    ['sha1', 20, 59, '94287082'],
    ['sha256', 32, 59, '46119246'],
    ['sha512', 64, 59, '90693936'],
    ['sha256', 32, 20_000_000_000, '77737706'],
    ['sha512', 64, 20_000_000_000, '47863826'],
  ] as const)(
    'takes an app of %s with a key of %i bytes that was moved in, at %i s',
    (algorithm, length, at, code8) => {
      const key = Buffer.from('1234567890'.repeat(7).slice(0, length))
      const secret = new ScureBase32Plugin().encode(key)
      const moved = totp.read({ secret, lastStep: 0, algorithm, digits: 8, period: 30 })
      const verdict = totp.finishChallenge(moved, undefined, code8, ACCOUNT, contextAt(at * 1000))
      expect(verdict).toMatchObject({ ok: true, credential: { algorithm, digits: 8, period: 30 } })
      expect(totp.finishChallenge(moved, undefined, code8.slice(2), ACCOUNT, contextAt(at * 1000))).toEqual({
        ok: false,
        error: 'missing',
      })
    },
  )

  it('counts steps and drift in the period of the app itself (R2)', () => {
    const moved = { secret: SECRET, lastStep: 0, period: 60 }
    const at = (now: number) => generateSync({ secret: SECRET, period: 60, epoch: Math.floor(now / 1000) })
    const take = (text: string, lastStep = 0) =>
      totp.finishChallenge({ ...moved, lastStep }, undefined, text, ACCOUNT, contextAt(NOW))
    const own = Math.floor(NOW / 60_000)
    expect(take(at(NOW))).toMatchObject({ ok: true, credential: { lastStep: own, period: 60 } })
    expect(take(at(NOW), own)).toEqual(wrong)
    expect(take(at(NOW + 60_000), own)).toMatchObject({ ok: true })
    expect(take(at(NOW - 60_000))).toMatchObject({ ok: true })
    expect(take(at(NOW - 120_000))).toEqual(wrong)
  })

  it.each([{ digits: 7 }, { period: 9 }, { period: 121 }, { algorithm: 'md5' }])(
    'refuses to be %j',
    (change) => {
      expect(() => totp.read({ secret: SECRET, lastStep: 0, ...change })).toThrow()
    },
  )

  it('forgives one step of drift either way and not two, from the first second of a step to the last (R2)', () => {
    for (const at of [1_800_000_000_000, 1_800_000_000_001, NOW, 1_800_000_029_000, 1_800_000_029_999]) {
      expect(answer(code(at - 60_000), at)).toEqual(wrong)
      expect(answer(code(at - 30_000), at)).toMatchObject({
        ok: true,
        credential: { lastStep: step(at) - 1 },
      })
      expect(answer(code(at), at)).toMatchObject({ ok: true, credential: { lastStep: step(at) } })
      expect(answer(code(at + 30_000), at)).toMatchObject({
        ok: true,
        credential: { lastStep: step(at) + 1 },
      })
      expect(answer(code(at + 60_000), at)).toEqual(wrong)
    }
  })

  it('refuses a step already used, and an older one (R2, P13)', () => {
    expect(answer(code(NOW), NOW, step(NOW))).toEqual(wrong)
    expect(answer(code(NOW - 30_000), NOW, step(NOW))).toEqual(wrong)
    expect(answer(code(NOW + 30_000), NOW, step(NOW))).toMatchObject({ ok: true })
    expect(answer(code(NOW), NOW, step(NOW) + 1)).toEqual(wrong)
  })

  it('says the same of a code that is wrong, late or used (R11)', () => {
    const right = code(NOW)
    const other = right === '000000' ? '000001' : '000000'
    expect(answer(other)).toEqual(answer(right, NOW, step(NOW)))
    expect(answer(code(NOW - 90_000))).toEqual(answer(other))
  })

  it('takes a code with spaces and hyphens', () => {
    const right = code(NOW)
    expect(answer(` ${right.slice(0, 3)} ${right.slice(3)}\t`)).toMatchObject({ ok: true })
    expect(answer(`${right.slice(0, 3)}-${right.slice(3)}`)).toMatchObject({ ok: true })
  })

  it.each([
    '',
    ' ',
    '12345',
    '1234567',
    'abcdef',
    '１２３４５６',
    '12345６',
    '-12345',
    '1e5',
    '123456\u0000',
  ])('takes %j for no code at all, which is not a try', (text) => {
    expect(answer(text)).toEqual({ ok: false, error: 'missing' })
  })

  it('keeps the step that proved the set-up, so that its code is not good for the next login (R2)', () => {
    const { keep } = totp.beginEnrolment(ACCOUNT, contextAt())
    const right = generateSync({ secret: keep.secret, epoch: NOW / 1000 })
    const verdict = totp.finishEnrolment(keep, right, ACCOUNT, contextAt())
    expect(verdict).toEqual({ ok: true, credential: { secret: keep.secret, lastStep: step(NOW) } })
  })

  it('shows nothing of the secret with a challenge (R17)', () => {
    expect(totp.showChallenge({ secret: SECRET, lastStep: 0 })).toEqual({ kind: 'totp', digits: 6 })
  })

  it('does not read what is no credential', () => {
    expect(() => totp.read({ secret: 'short', lastStep: 0 })).toThrow()
    expect(() => totp.read({ secret: SECRET })).toThrow()
  })
})

it('has a key URI that fits into a QR code, whatever the names are (R1)', async () => {
  for (const name of ['é'.repeat(255), '😀'.repeat(127), '\ud800', 'x'.repeat(255), ':'.repeat(255)]) {
    const shown = totp.showEnrolment(
      { secret: 'A'.repeat(32), lastStep: 0 },
      { ...ACCOUNT, username: name, issuer: name },
    )
    const uri = shown.kind === 'totp' ? String(shown.uri) : ''
    await expect(QRCode.toString(uri, { type: 'svg' })).resolves.toContain('<svg')
    expect([...new URL(uri).searchParams.keys()]).toEqual([
      'secret',
      'issuer',
      'algorithm',
      'digits',
      'period',
    ])
  }
})
