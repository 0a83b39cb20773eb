import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import type { Realm } from '../../core/realm.ts'
import type { Endpoint } from './endpoint.ts'
import { PROBLEMS, problemSchema, staleProblemSchema } from './problem.ts'
import type { ProblemCode } from './problem.ts'

const VERSION = '1.0.0'

/** The API of a realm as OpenAPI 3.1, from the schemas that it checks requests by. */
export function describeApi(endpoints: readonly Endpoint[], realm: Realm): Record<string, unknown> {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `An access token of the realm ${realm.keycloakIssuer} with the audience latchkey-api.`,
  })
  for (const endpoint of endpoints) {
    registry.registerPath({
      method: endpoint.verb,
      path: endpoint.path,
      operationId: endpoint.id,
      summary: endpoint.summary,
      tags: [endpoint.path.split('/')[1] ?? ''],
      security: endpoint.who === 'anybody' ? [] : [{ bearer: [] }],
      request: requestOf(endpoint),
      responses: { ...answersOf(endpoint), ...refusalsOf(endpoint) },
    })
  }
  const description = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: VERSION,
      description: 'Administration of the second factor of one realm. See docs/api.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `${realm.issuer}/api/v1` }],
  })
  return JSON.parse(JSON.stringify(description, withoutFlags)) as Record<string, unknown>
}

/** The library writes a pattern with its flags, as no reader of a schema expects it. */
function withoutFlags(name: string, value: unknown): unknown {
  return name === 'pattern' && typeof value === 'string' ? value.replace(/\/[a-z]*$/, '') : value
}

const ETAG = z.string().regex(/^(\*|"\d{1,16}")$/)

function requestOf({ params, query, body, bodyOptional, bodyType, precondition }: Endpoint) {
  const types = ['application/json', ...(bodyType === undefined ? [] : [bodyType])]
  const match = ETAG.meta({ description: 'The ETag of what is to be changed; * for whatever there is.' })
  const noneMatch = z.literal('*').optional().meta({ description: 'For something new.' })
  return {
    ...(params === undefined ? {} : { params: params as z.ZodObject }),
    ...(query === undefined ? {} : { query: query as z.ZodObject }),
    ...(precondition === undefined
      ? {}
      : {
          headers: z.object({
            'If-Match': precondition === 'change' ? match : match.optional(),
            ...(precondition === 'save' ? { 'If-None-Match': noneMatch } : {}),
          }),
        }),
    ...(body === undefined
      ? {}
      : {
          body: {
            required: !bodyOptional,
            content: Object.fromEntries(types.map((type) => [type, { schema: body }])),
          },
        }),
  }
}

function answersOf({ answers, example }: Endpoint) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { schema, says, types }]) => {
      const examples = example === undefined ? {} : { examples: { usual: { value: example } } }
      const content = Object.fromEntries(
        types.map((type) => [type, { schema: schema ?? z.string(), ...examples }]),
      )
      const empty = status === '204'
      return [status, { description: says, ...(empty ? {} : { content }) }]
    }),
  )
}

/** What may go wrong: what is the endpoint's own, and what comes of its line in the table. */
function refusalsOf(endpoint: Endpoint) {
  const codes: ProblemCode[] = ['not-found', 'internal']
  if (endpoint.who !== 'anybody') codes.push('unauthenticated', 'forbidden', 'busy', 'unavailable')
  if (endpoint.writes) codes.push('insufficient-user-authentication')
  if (endpoint.params ?? endpoint.query ?? endpoint.body ?? endpoint.precondition) codes.push('bad-request')
  if (endpoint.body !== undefined) codes.push('too-large', 'unsupported-media-type')
  if (endpoint.precondition !== undefined) codes.push('precondition-failed', 'precondition-required')
  const all = new Set([...codes, ...endpoint.refuses])
  return Object.fromEntries(
    [...Map.groupBy(all, (code) => PROBLEMS[code][0])].map(([status, some]) => [
      status,
      {
        description: some.map((code) => PROBLEMS[code][1]).join('; '),
        content: {
          'application/problem+json': {
            schema: status === 412 ? staleProblemSchema : problemSchema,
            examples: Object.fromEntries(some.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      },
    ]),
  )
}

function exampleOf(code: ProblemCode) {
  const [status, title] = PROBLEMS[code]
  return {
    type: `urn:latchkey:problem:${code}`,
    title,
    status,
    detail: `${title}.`,
    instance: '3f6a0c9e-1b7d-4f0e-9a55-2f0f6d3c1a10',
    ...(code === 'precondition-failed' ? STALE : {}),
  }
}

const STALE = {
  current: { enforcement: 'required' },
  changed: [
    {
      field: 'enforcement',
      from: 'optional',
      to: 'required',
      by: 'a1f0',
      at: '2026-01-31T08:00:00.000Z',
    },
  ],
  conflicts: ['enforcement'],
}
