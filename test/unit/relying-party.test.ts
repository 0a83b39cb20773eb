import { expect, it } from 'vitest'
import { hasPasskeys, rpIdFault } from '../../src/relying-party.ts'

it.each([
  ['tfa.example.com', 'https://tfa.example.com'],
  ['example.com', 'https://tfa.example.com'],
  ['example.com', 'https://a.b.example.com:8443'],
  ['example.co.uk', 'https://tfa.example.co.uk'],
  ['corp.internal', 'https://tfa.corp.internal'],
  ['localhost', 'http://localhost:8090'],
])('passkeys may belong to %s at %s', (rpId, hostname) => {
  expect(rpIdFault(rpId, hostname)).toBeUndefined()
})

it.each([
  ['example.org', 'https://tfa.example.com'],
  ['ample.com', 'https://tfa.example.com'],
  ['x.tfa.example.com', 'https://tfa.example.com'],
  ['com', 'https://tfa.example.com'],
  ['co.uk', 'https://tfa.example.co.uk'],
  ['github.io', 'https://somebody.github.io'],
  ['0.0.1', 'http://127.0.0.1:8090'],
  ['https://tfa.example.com', 'https://tfa.example.com'],
  ['*.example.com', 'https://tfa.example.com'],
])('passkeys may not belong to %s at %s', (rpId, hostname) => {
  expect(rpIdFault(rpId, hostname)).toContain('must be the host of LATCHKEY_HOSTNAME')
})

it.each([
  ['https://tfa.example.com', true],
  ['http://localhost:8090', true],
  ['http://tfa.localhost:8090', true],
  ['http://tfa.example.com', false],
  ['http://127.0.0.1:8090', false],
  ['https://192.0.2.7', false],
  ['https://[2001:db8::7]', false],
])('whether browsers have passkeys at %s: %s', (hostname, has) => {
  expect(hasPasskeys(hostname)).toBe(has)
})
