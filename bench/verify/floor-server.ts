import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import pg from 'pg'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { acceptedStep } from './code.ts'

// The floor: the least that a server on Node.js and PostgreSQL can do for a code of an app. `floor.ts` starts it.
//
// It reads the credential (a prepared statement), opens its seal with the sidecar's own sealer, computes the codes of
// three steps, and writes the try where nobody was faster, with its audit entry (one more prepared statement, one
// commit). A right code is led on with a token signed by ES256. It has no router, query builder or log, and of a login
// neither browser, step, settings, lockout, notices nor figures.

const { FLOOR_DB_URL = '', FLOOR_KEY = '', FLOOR_PORT } = process.env
const sealer = createSealer([{ id: 'k1', key: Buffer.from(FLOOR_KEY, 'base64') }])
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
// As many connections as the sidecar has.
const pool = new pg.Pool({ connectionString: FLOOR_DB_URL, max: 10 })
const HEADER = base64url(JSON.stringify({ alg: 'ES256', kid: 'floor', typ: 'JWT' }))

const READ = { name: 'read', text: 'select sealed, version, last_step from credential where id = $1' }
const RIGHT = {
  name: 'right',
  text: `with won as (update credential set version = version + 1, failures = 0, last_step = $5
      where id = $1 and version = $2 returning id)
    insert into audit (id, at, user_id, event) select $3, $4, id, 'right' from won`,
}
const WRONG = {
  name: 'wrong',
  text: `with won as (update credential set version = version + 1, failures = failures + 1
      where id = $1 and version = $2 returning id)
    insert into audit (id, at, user_id, event) select $3, $4, id, 'wrong' from won`,
}

interface Credential {
  sealed: string
  version: number
  last_step: number
}

/** Where the answer leads; undefined where there is no such user, or another request of theirs came between. */
async function verify(user: string, code: string): Promise<string | undefined> {
  const [row] = (await pool.query<Credential>({ ...READ, values: [user] })).rows
  if (row === undefined) return undefined
  const now = Date.now()
  const step = acceptedStep(Buffer.from(sealer.open(row.sealed, user), 'base64'), code, now)
  const isRight = step !== undefined && step > row.last_step
  const tried = [user, row.version, randomUUID(), now]
  const { rowCount } = await pool.query(
    isRight ? { ...RIGHT, values: [...tried, step] } : { ...WRONG, values: tried },
  )
  if (rowCount !== 1) return undefined
  return isRight ? `/application?code=${tokenOf(user, now)}` : '/step?error=code-wrong'
}

function tokenOf(user: string, now: number): string {
  const iat = Math.floor(now / 1000)
  const claims = { iss: 'floor', sub: user, iat, exp: iat + 60, jti: base64url(randomBytes(16)) }
  const signed = `${HEADER}.${base64url(JSON.stringify(claims))}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${base64url(signature)}`
}

function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes as string).toString('base64url')
}

createServer((request, response) => {
  const answer = (status: number, headers = {}) =>
    response.writeHead(status, { 'Content-Length': 0, ...headers }).end()
  if (request.method === 'GET') {
    answer(200)
    return
  }
  textOf(request)
    .then(
      async (body) => await verify((request.url ?? '').slice(1), new URLSearchParams(body).get('code') ?? ''),
    )
    .then(
      (location) => (location === undefined ? answer(409) : answer(302, { Location: location })),
      (error: unknown) => {
        console.error(error)
        answer(500)
      },
    )
}).listen(Number(FLOOR_PORT), '127.0.0.1')
