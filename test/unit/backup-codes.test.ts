import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backupCodes } from '../../src/methods/backup-codes/backup-codes.ts'
import { ACCOUNT, contextAt } from '../support/kit.ts'

const context = contextAt()
const made = () => backupCodes.beginEnrolment(ACCOUNT, context)
const wrong = { ok: false, error: 'wrong' }

describe('backup codes', () => {
  it('are ten different codes of at least 64 random bits, in fours (R4)', () => {
    const { keep } = made()
    const show = backupCodes.showEnrolment(keep, ACCOUNT) as { codes: string[] }
    expect(new Set(keep.codes).size).toBe(10)
    for (const code of show.codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
    const letters = show.codes[0]!.replaceAll('-', '').length
    expect(letters * Math.log2(32)).toBeGreaterThanOrEqual(64)
    expect(made().keep.codes).not.toContain(keep.codes[0])
  })

  it('take every bit of the random source, so that no two of them meet (R4)', () => {
    const firsts = new Set<string>()
    for (let bit = 0; bit < 80; bit++) {
      const bytes = Buffer.alloc(10)
      bytes[bit >> 3] = 1 << (bit & 7)
      const { keep } = backupCodes.beginEnrolment(ACCOUNT, { ...context, random: () => bytes })
      firsts.add(keep.codes[0]!)
    }
    expect(firsts.size).toBe(80)
  })

  it('are not in what is stored: only a keyed hash of each is, with the id of its key (R4, P26)', () => {
    const { keep } = made()
    const stored = JSON.stringify(keep.credential)
    for (const code of keep.codes) expect(stored).not.toContain(code)
    expect(keep.credential.keyId).toBe('k1')
    expect(new Set(keep.credential.left).size).toBe(10)
    const other = contextAt()
    const [first = ''] = keep.codes
    const plain = JSON.stringify(['backup-code', ACCOUNT.realm, ACCOUNT.userId, first])
    expect(keep.credential.left).toContain(other.mac(plain).value)
    const stranger = backupCodes.finishChallenge(keep.credential, undefined, first, ACCOUNT, {
      ...context,
      mac: () => ({ keyId: 'k1', value: 'the hash under another key' }),
    })
    expect(stranger).toEqual(wrong)
  })

  it('are spent once: the code used is gone from the set, the others are not (R4)', async () => {
    const { keep } = made()
    const [first = '', second = ''] = keep.codes
    const verdict = await backupCodes.finishChallenge(keep.credential, undefined, first, ACCOUNT, context)
    if (!verdict.ok) throw new Error('a right code was refused')
    expect(verdict.credential.left).toHaveLength(9)
    expect(backupCodes.finishChallenge(verdict.credential, undefined, first, ACCOUNT, context)).toEqual(wrong)
    expect(
      backupCodes.finishChallenge(verdict.credential, undefined, second, ACCOUNT, context),
    ).toMatchObject({
      ok: true,
    })
  })

  it('are bound to the user and the realm (R4, R5)', () => {
    const { keep } = made()
    const [first = ''] = keep.codes
    for (const other of [{ userId: 'user-2' }, { realm: 'other' }]) {
      expect(
        backupCodes.finishChallenge(keep.credential, undefined, first, { ...ACCOUNT, ...other }, context),
      ).toEqual(wrong)
    }
  })

  it('are hashed under the key of their set where a newer one is in use', () => {
    const { keep } = made()
    const asked: (string | undefined)[] = []
    const mac = (text: string, keyId?: string) => {
      asked.push(keyId)
      return context.mac(text, keyId)
    }
    void backupCodes.finishChallenge(keep.credential, undefined, keep.codes[0]!, ACCOUNT, { ...context, mac })
    expect(asked).toEqual(['k1'])
  })

  it('are taken however they are typed: small letters, spaces, hyphens, O for 0, I and L for 1', () => {
    const { keep } = made()
    const confuse: Record<string, string[]> = { '0': ['0', 'O', 'o'], '1': ['1', 'I', 'i', 'L', 'l'] }
    fc.assert(
      fc.property(fc.nat({ max: 9 }), fc.infiniteStream(fc.nat()), (at, dice) => {
        const next = () => dice.next().value as number
        const typed = keep.codes[at]!.split('')
          .map((letter) => {
            const forms = confuse[letter] ?? [letter, letter.toLowerCase()]
            return forms[next() % forms.length]! + ['', '', ' ', '-'][next() % 4]!
          })
          .join('')
        expect(
          backupCodes.finishChallenge(keep.credential, undefined, typed, ACCOUNT, context),
        ).toMatchObject({
          ok: true,
        })
      }),
    )
  })

  it.each(['', '   ', '123456', '0000-0000-0000-000', '0000-0000-0000-0000-0'])(
    'take %j for no code at all, which is not a try',
    (text) => {
      expect(backupCodes.finishChallenge(made().keep.credential, undefined, text, ACCOUNT, context)).toEqual({
        ok: false,
        error: 'missing',
      })
    },
  )

  it('are set up only when the user says that they are saved (S18)', () => {
    const { keep } = made()
    expect(backupCodes.finishEnrolment(keep, '', ACCOUNT, context)).toEqual({ ok: false, error: 'missing' })
    expect(backupCodes.finishEnrolment(keep, 'on', ACCOUNT, context)).toEqual({
      ok: true,
      credential: keep.credential,
    })
  })

  it('show how many are left with a challenge, and never one of them', () => {
    expect(backupCodes.showChallenge(made().keep.credential)).toEqual({ kind: 'backup-codes', left: 10 })
  })
})
