import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { registry } from '../../src/methods/index.ts'
import { describeApi } from '../../src/web/api/openapi.ts'
import { PROBLEMS } from '../../src/web/api/problem.ts'
import { endpointsOf } from '../../src/web/api/table.ts'

const docs = readFileSync('docs/api.md', 'utf8')
const endpoints = endpointsOf(registry)
const description = describeApi(endpoints, {
  name: 'demo',
  base: '/realms/demo',
  issuer: 'https://tfa.example.com/realms/demo',
  keycloakIssuer: 'https://sso.example.com/realms/demo',
  keycloakUrl: 'https://sso.example.com/realms/demo',
}) as { openapi: string; paths: Record<string, Record<string, Operation>> }

interface Operation {
  operationId: string
  summary: string
  security: object[]
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

it('docs/api.md lists the endpoints that there are, in the order of the table of routes', () => {
  const listed = [...docs.matchAll(/^\| `([A-Z]+) (\/\S*)` \|/gm)].map(([, verb, path]) => `${verb} ${path}`)
  expect(listed).toEqual(endpoints.map(({ verb, path }) => `${verb.toUpperCase()} ${path}`))
})

it('docs/api.md lists every code of an error by its status', () => {
  const listed = [...docs.matchAll(/^\| (\d{3}) \| (.*) \|$/gm)].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([a-z-]+)`/g)].map(([, code]) => `${status} ${code}`),
  )
  expect(new Set(listed)).toEqual(
    new Set(Object.entries(PROBLEMS).map(([code, [status]]) => `${status} ${code}`)),
  )
})

it('openapi.json is OpenAPI 3.1 with an id, a summary, an answer and problems for each endpoint', () => {
  expect(description.openapi).toBe('3.1.0')
  const operations = Object.values(description.paths).flatMap((verbs) => Object.values(verbs))
  expect(operations).toHaveLength(endpoints.length)
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(endpoints.length)
  for (const { operationId, summary, security, responses } of operations) {
    expect(summary, operationId).not.toBe('')
    expect(
      Object.keys(responses).some((status) => status.startsWith('2')),
      operationId,
    ).toBe(true)
    expect(responses, operationId).toHaveProperty('500')
    if (operationId !== 'showOpenApi') {
      expect(security, operationId).toEqual([{ bearer: [] }])
      for (const status of ['401', '403', '404', '503']) expect(responses, operationId).toHaveProperty(status)
    }
    for (const [status, { content = {} }] of Object.entries(responses)) {
      if (status < '400') continue
      expect(Object.keys(content), `${operationId} ${status}`).toEqual(['application/problem+json'])
    }
  }
})

it('no pattern in openapi.json carries the flags of JavaScript', () => {
  const patterns = [...JSON.stringify(description).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)]
  expect(patterns.length).toBeGreaterThan(5)
  for (const [, pattern = ''] of patterns) expect(pattern).toMatch(/^\^.*\$$/)
})
