import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SETTINGS, readConfig } from '../../src/config.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const right = {
  LATCHKEY_HOSTNAME: 'https://tfa.example.com',
  LATCHKEY_KEYCLOAK_URL: 'https://sso.example.com/auth/',
  LATCHKEY_REALMS: 'demo, a b',
  LATCHKEY_ENCRYPTION_KEYS: `k2:${KEY}, k1:${Buffer.alloc(32, 8).toString('base64')}`,
}

const read = (change: NodeJS.ProcessEnv = {}) => readConfig({ ...right, ...change })

/** The lines of the error that a faulty environment gives. */
function faults(change: NodeJS.ProcessEnv): string[] {
  try {
    read(change)
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
  return []
}

describe('the settings', () => {
  it('need only four of them, and have their defaults for the others', () => {
    const config = read()
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8090,
      dbUrl: 'sqlite:latchkey.db',
      logFormat: 'json',
    })
    expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['k2', 'k1'])
    expect(config.realms).toEqual([
      expect.objectContaining({
        name: 'demo',
        base: '/realms/demo',
        issuer: 'https://tfa.example.com/realms/demo',
      }),
      {
        name: 'a b',
        base: '/realms/a%20b',
        issuer: 'https://tfa.example.com/realms/a%20b',
        keycloakIssuer: 'https://sso.example.com/auth/realms/a%20b',
        keycloakUrl: 'https://sso.example.com/auth/realms/a%20b',
      },
    ])
  })

  it('keep the back-channel address out of the issuers', () => {
    const [realm] = read({ LATCHKEY_KEYCLOAK_BACKCHANNEL_URL: 'http://127.0.0.1:8080' }).realms
    expect(realm?.keycloakIssuer).toBe('https://sso.example.com/auth/realms/demo')
    expect(realm?.keycloakUrl).toBe('http://127.0.0.1:8080/realms/demo')
  })

  it('name every one that is missing at once', () => {
    expect(() => readConfig({})).toThrow(
      /LATCHKEY_HOSTNAME[^]*LATCHKEY_KEYCLOAK_URL[^]*LATCHKEY_REALMS[^]*LATCHKEY_ENCRYPTION_KEYS/,
    )
  })

  it('name every fault at once, each with its rule and its value', () => {
    const lines = faults({
      LATCHKEY_HOSTNAME: 'ftp://tfa.example.com',
      LATCHKEY_HTTP_PORT: '70000',
      LATCHKEY_MANAGEMENT_PORT: 'many',
      LATCHKEY_REALMS: ' , ',
      LATCHKEY_ALLOW_HTTP: 'yes',
      LATCHKEY_LOG_FORMAT: 'xml',
      LATCHKEY_PROXY_HEADERS: 'all',
      LATCHKEY_THEME: '../etc',
    })
    expect(lines).toHaveLength(8)
    expect(lines).toContain('- LATCHKEY_HTTP_PORT must be at most 65535 (it is "70000")')
    expect(lines).toContain('- LATCHKEY_ALLOW_HTTP must be true or false (it is "yes")')
    expect(lines.join()).toContain(
      'LATCHKEY_HOSTNAME must be an http or https URL (it is "ftp://tfa.example.com")',
    )
  })

  it('never show the value of a secret, right or wrong (R23)', () => {
    const lines = faults({
      LATCHKEY_DB_URL: 'mysql://root:hunter2@db/latchkey',
      LATCHKEY_ENCRYPTION_KEYS: `k1:${KEY.slice(0, 20)}`,
    }).join()
    expect(lines).toContain('LATCHKEY_DB_URL must be')
    expect(lines).toContain('LATCHKEY_ENCRYPTION_KEYS must be')
    expect(lines).not.toContain('hunter2')
    expect(lines).not.toContain(KEY.slice(0, 20))
  })

  it.each([
    ['too short', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['too long', `k1:${Buffer.alloc(33).toString('base64')}`],
    ['without an id', KEY],
    ['of an id that is there twice', `k1:${KEY},k1:${KEY}`],
    ['of nothing', ' , '],
  ])('refuse an encryption key %s', (_, keys) => {
    expect(faults({ LATCHKEY_ENCRYPTION_KEYS: keys })).toHaveLength(1)
  })

  it('take the value from the file that the twin names', () => {
    const file = join(folder, 'keys')
    writeFileSync(file, `k9:${KEY}\n`)
    const { LATCHKEY_ENCRYPTION_KEYS: _, ...rest } = right
    const config = readConfig({ ...rest, LATCHKEY_ENCRYPTION_KEYS_FILE: file })
    expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['k9'])
  })

  it('have a file twin each', () => {
    for (const { name } of Object.values(SETTINGS)) {
      const [fault] = faults({ [`${name}_FILE`]: join(folder, 'missing') })
      expect(fault).toContain(`${name}_FILE names a file that can't be read`)
    }
  })

  it.each([
    'http://tfa.example.com',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://10.0.0.1',
  ])('refuse plain http for %s unless told', (url) => {
    expect(faults({ LATCHKEY_HOSTNAME: url })).toEqual([
      expect.stringContaining('LATCHKEY_HOSTNAME must be https'),
    ])
    expect(faults({ LATCHKEY_KEYCLOAK_URL: url })).toHaveLength(1)
    expect(faults({ LATCHKEY_KEYCLOAK_BACKCHANNEL_URL: url })).toHaveLength(1)
    expect(read({ LATCHKEY_HOSTNAME: url, LATCHKEY_ALLOW_HTTP: 'true' }).hostname).toBe(url)
  })

  it.each(['http://localhost:8090', 'http://127.0.0.1:8090', 'http://[::1]:8090'])(
    'take plain http for %s',
    (url) => {
      expect(read({ LATCHKEY_HOSTNAME: url }).hostname).toBe(url)
    },
  )

  it.each(['https://tfa.example.com?a=b', 'https://tfa.example.com/#x', 'tfa.example.com', ''])(
    'refuse %j as an address',
    (url) => {
      expect(faults({ LATCHKEY_HOSTNAME: url })).toHaveLength(1)
    },
  )
})
