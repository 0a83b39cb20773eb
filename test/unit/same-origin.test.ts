import type { Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import { sameOriginOnly } from '../../src/web/same-origin.ts'

const guard = sameOriginOnly('https://tfa.example.com')

/** Whether a form with these headers is taken. */
function taken(headers: Record<string, string>): boolean {
  let error: unknown = 'next was not called'
  const request = { get: (name: string) => headers[name] } as Request
  void guard(request, {} as Response, (given?: unknown) => {
    error = given
  })
  return error === undefined
}

describe('a posted form', () => {
  it.each([
    [{}, 'of a browser too old to say'],
    [{ origin: 'https://tfa.example.com' }, 'of the own origin'],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://tfa.example.com' }, 'of the own site'],
    [{ 'sec-fetch-site': 'none' }, 'of the user, by a reload'],
  ] as [Record<string, string>, string][])('is taken: %j, %s', (headers) => {
    expect(taken(headers)).toBe(true)
  })

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://tfa.example.com' },
    { 'sec-fetch-site': '' },
    { origin: 'https://evil.example' },
    { origin: 'https://tfa.example.com.evil.example' },
    { origin: 'http://tfa.example.com' },
    { origin: 'https://tfa.example.com:8443' },
    { origin: 'null' },
    { origin: '' },
  ] as Record<string, string>[])('is refused: %j', (headers) => {
    expect(taken(headers)).toBe(false)
  })
})
