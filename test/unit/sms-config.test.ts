import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'

const right = {
  LATCHKEY_HOSTNAME: 'https://tfa.example.com',
  LATCHKEY_KEYCLOAK_URL: 'https://sso.example.com',
  LATCHKEY_REALMS: 'demo',
  LATCHKEY_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
}
const HERE = { LATCHKEY_HOSTNAME: 'http://localhost:8090' }
const TWILIO = {
  LATCHKEY_DELIVERY: 'twilio',
  LATCHKEY_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  LATCHKEY_TWILIO_AUTH_TOKEN: 'hunter2-token',
  LATCHKEY_TWILIO_FROM: '+15005550006',
}
const WEBHOOK = {
  LATCHKEY_DELIVERY: 'webhook',
  LATCHKEY_SMS_WEBHOOK_URL: 'https://sms.example.com/take',
  LATCHKEY_SMS_WEBHOOK_SECRET: 'hunter2-secret',
}

const read = (change: NodeJS.ProcessEnv) => readConfig({ ...right, ...change })

/** The lines of the error that a faulty environment gives. */
function faults(change: NodeJS.ProcessEnv): string[] {
  try {
    read(change)
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
  return []
}

describe('the delivery of text messages', () => {
  it('is none unless chosen, and then needs nothing', () => {
    expect(read({}).delivery).toBe('none')
    expect(read({ LATCHKEY_DELIVERY: 'none' }).delivery).toBe('none')
    expect(read({ LATCHKEY_DELIVERY: 'inbox', ...HERE }).delivery).toBe('inbox')
  })

  it.each([
    ['twilio', TWILIO],
    ['webhook', WEBHOOK],
  ])('by %s is taken with all that it needs', (delivery, environment) => {
    expect(read(environment)).toMatchObject({ delivery, twilioUrl: 'https://api.twilio.com' })
  })

  it('is one of four', () => {
    expect(faults({ LATCHKEY_DELIVERY: 'pigeon' })).toEqual([
      '- LATCHKEY_DELIVERY must be none, twilio, webhook or inbox (it is "pigeon")',
    ])
  })

  it.each([
    ['twilio', ['ACCOUNT_SID', 'AUTH_TOKEN', 'FROM'].map((name) => `LATCHKEY_TWILIO_${name}`)],
    ['webhook', ['URL', 'SECRET'].map((name) => `LATCHKEY_SMS_WEBHOOK_${name}`)],
  ])('by %s names everything that it lacks at once', (delivery, names) => {
    const lines = faults({ LATCHKEY_DELIVERY: delivery })
    expect(lines).toEqual(names.map((name) => `- ${name} must be set for LATCHKEY_DELIVERY=${delivery}`))
  })

  it.each(
    [TWILIO, WEBHOOK].flatMap((all) =>
      Object.keys(all)
        .filter((name) => name !== 'LATCHKEY_DELIVERY')
        .map((name) => [name, { ...all, [name]: '' }] as const),
    ),
  )('names %s where it alone is missing, and shows no secret (R23)', (name, environment) => {
    const lines = faults(environment)
    expect(lines).toEqual([expect.stringContaining(`${name} must be set for`)])
    expect(lines.join()).not.toContain('hunter2')
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'tfa.example.com', '127.0.0.1.evil.example'])(
    'by the inbox is refused where others than this machine reach the server: %s',
    (host) => {
      expect(faults({ LATCHKEY_DELIVERY: 'inbox', LATCHKEY_HTTP_HOST: host })).toEqual([
        expect.stringContaining('LATCHKEY_HTTP_HOST must be 127.0.0.1'),
      ])
    },
  )

  it.each(['127.0.0.1', 'localhost', '::1'])('by the inbox is taken on this machine: %s', (host) => {
    expect(read({ LATCHKEY_DELIVERY: 'inbox', LATCHKEY_HTTP_HOST: host, ...HERE }).delivery).toBe('inbox')
  })

  it('by the inbox is refused where browsers elsewhere reach it through a proxy', () => {
    expect(faults({ LATCHKEY_DELIVERY: 'inbox' })).toEqual([expect.stringContaining('LATCHKEY_HOSTNAME')])
  })

  it.each([
    ['LATCHKEY_TWILIO_URL', TWILIO],
    ['LATCHKEY_SMS_WEBHOOK_URL', WEBHOOK],
  ])('is refused over plain http to another machine, and taken on this one: %s', (name, environment) => {
    expect(faults({ ...environment, [name]: 'http://sms.example.com' })).toEqual([
      expect.stringContaining(`${name} must be https`),
    ])
    expect(faults({ ...environment, [name]: 'ftp://sms.example.com' })).toHaveLength(1)
    expect(faults({ ...environment, [name]: 'http://127.0.0.1:8099' })).toEqual([])
  })
})
