import { describe, expect, it } from 'vitest'
import type { Background } from '../../src/core/ports.ts'
import { answerPush } from '../../src/core/login/question.ts'
import type { Push } from '../../src/core/login/question.ts'
import { numberLookup } from '../../src/core/number.ts'
import { ACCOUNT, NOW, appCredential, kitAt, settingsOf, transactionOf } from '../support/kit.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const kit = kitAt()

describe('a push under a grace', () => {
  const settings = settingsOf({ enforcement: 'required', grace: { days: 14 } })
  const end = NOW + 14 * 86_400_000

  it('needs nothing of who put it off today, and keeps when it began in the same change; no level and no mfa come of it (R27, P11)', () => {
    for (const purpose of ['login', 'direct'] as const) {
      const reply = answerPush(
        pushOf({ claims: { ...pushOf().claims, purpose } }),
        backgroundOf({ settings, putOffAt: NOW }),
        kit,
      )
      if (!('needed' in reply)) throw new Error('refused')
      expect(Object.keys(reply).toSorted()).toEqual(['change', 'decision', 'listing', 'needed'])
      expect(reply).toMatchObject({ needed: false, decision: { because: { rule: 'realm', grace: end } } })
      expect(reply.change).toEqual({
        realm: 'demo',
        userId: 'user-1',
        once: pushOf().once,
        graceStarted: [{ source: '', at: NOW }],
        audit: [
          {
            event: 'decision.not-needed',
            realm: 'demo',
            userId: 'user-1',
            at: NOW,
            detail: {
              because: { rule: 'realm', grace: end },
              enforcement: 'required',
              do: 'enrol-later',
            },
          },
        ],
      })
    }
  })

  it('writes no beginning that is known, and asks once the grace is over', () => {
    const at = (start: number) =>
      answerPush(
        pushOf(),
        backgroundOf({ settings, putOffAt: NOW, graceStarts: new Map([['', start]]) }),
        kit,
      )
    const during = at(NOW - 1000)
    expect('change' in during && during.change).not.toHaveProperty('graceStarted')
    expect(needed(at(NOW - 14 * 86_400_000)).decision.action).toEqual({ do: 'enrol' })
  })

  it('asks where a level is requested (R27)', () => {
    const push = pushOf({ claims: { ...pushOf().claims, level: 2 } })
    expect(needed(answerPush(push, backgroundOf({ settings }), kit)).decision.because).toEqual({
      rule: 'level',
      level: 2,
    })
  })

  it('goes on with a set-up that was begun before, and can now be put off', () => {
    const transaction = transactionOf({ at: 'enrol', method: 'totp', keep: {}, proven: undefined })
    const reply = needed(answerPush(pushOf(), backgroundOf({ settings, transaction, putOffAt: NOW }), kit))
    expect(stepOf(reply)).toMatchObject({ stage: { at: 'enrol' }, grace: end })
  })
})

describe('what a push tells beside its question', () => {
  const changeOf = (push: Partial<Push>, background: Partial<Background> = {}) => {
    const reply = answerPush(pushOf(push), backgroundOf(background), kit)
    if (!('change' in reply)) throw new Error('refused')
    return reply.change
  }
  const claiming = (roles: string[], administers?: boolean): Partial<Push> => ({
    claims: { ...pushOf().claims, roles, ...(administers === undefined ? {} : { administers }) },
  })

  it('says where the browser is, for every entry of the audit', () => {
    expect(changeOf({ address: '192.0.2.7' }).address).toBe('192.0.2.7')
    expect(changeOf({})).not.toHaveProperty('address')
  })

  it('brings a user back who was gone, needed or not', () => {
    for (const settings of [settingsOf(), settingsOf({ enforcement: 'required' })]) {
      const change = changeOf({}, { settings, gone: true, credentials: [] })
      expect(change.returned).toBe(true)
      expect(change.audit?.map(({ event }) => event)).toContain('user.returned')
    }
    const transaction = transactionOf({ at: 'challenge', method: 'totp', then: 'done' })
    const resumed = changeOf({}, { gone: true, transaction, credentials: [appCredential()] })
    expect(resumed.audit?.map(({ event }) => event)).toEqual(['user.returned'])
    expect(changeOf({})).not.toHaveProperty('returned')
  })

  it('keeps the roles that lists and protections need, where Keycloak said who administers (R28)', () => {
    const roles = ['user', 'tfa-manager', 'offline_access', 'tfa-admin']
    expect(changeOf(claiming(roles, true)).told).toEqual({
      username: 'bob',
      roles: ['administers', 'tfa-admin', 'tfa-manager'],
      lookup: undefined,
    })
    expect(changeOf(claiming(['user'], false)).told).toEqual({
      username: 'bob',
      roles: [],
      lookup: undefined,
    })
    expect(changeOf(claiming(roles))).not.toHaveProperty('told')
  })

  it('keeps them only where they are news', () => {
    const push = claiming(['tfa-admin'], true)
    expect(changeOf(push, { toldRoles: ['tfa-admin', 'administers'] })).not.toHaveProperty('told')
    expect(changeOf(push, { toldRoles: ['tfa-admin'] })).toHaveProperty('told')
    expect(changeOf(claiming([], false), { toldRoles: [] })).not.toHaveProperty('told')
    expect(changeOf(claiming([], false), { toldRoles: ['administers'] }).told?.roles).toEqual([])
  })

  it('keeps what the number of an administrator is found by, where it is news, and never the number (S4, R23)', () => {
    const push = { account: { ...ACCOUNT, phone: '+31 6 12345678' } }
    const lookup = numberLookup('demo', '+31612345678', kit)
    expect(changeOf(push).told).toEqual({ username: 'bob', roles: undefined, lookup })
    expect(JSON.stringify(changeOf(push).told)).not.toContain('12345678')
    expect(changeOf(push, { toldLookup: lookup })).not.toHaveProperty('told')
    expect(changeOf({}, { toldLookup: lookup }).told).toMatchObject({ lookup: undefined })
    expect(changeOf({ account: { ...ACCOUNT, phone: 'ask reception' } })).not.toHaveProperty('told')
  })

  it("names the realm's issuer in apps, and the realm itself on pages (S19)", () => {
    const settings = settingsOf({ enforcement: 'required', issuerName: 'Acme' })
    const { insert } = changeOf({}, { settings })
    expect(insert).toMatchObject({ account: { issuer: 'Acme' }, question: { realmDisplayName: 'Demo' } })
    expect(changeOf({}).insert?.account.issuer).toBe('Demo')
  })
})
