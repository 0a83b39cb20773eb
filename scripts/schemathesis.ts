import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openDatabase } from '../src/adapters/store/database.ts'
import { NEVER_SYNCED } from '../src/core/sync/sync.ts'
import { startApp } from '../test/support/app.ts'
import { fakeDirectory } from '../test/support/directory.ts'
import { seedDirectory } from '../test/support/people.ts'
import { startRealm } from '../test/support/realm.ts'
import { workFolder } from './lib/paths.ts'
import { ScriptError, run } from './lib/run.ts'
import { progressPrinter, runScript } from './lib/terminal.ts'

// `npm run api:fuzz`: Schemathesis tries the REST API by its own description, on this machine alone.

const VERSION = '4.32.5'
const VENV = join(workFolder, 'venv')
const ST = join(VENV, 'bin/st')
/** Cases of the whole run; each endpoint gets its part. */
const CASES = 5_000
const USERS = 200
const GROUPS = [
  { id: 'g-field', path: '/field', managers: ['u-7'] },
  { id: 'g-north', path: '/field/north', parentId: 'g-field' },
  { id: 'g-finance', path: '/finance' },
]

/**
 * Ids that there are, so that most cases get past "not found". What a description can't say and is no fault: a version
 * that is not the newest (412, 428), a cursor, settings that contradict each other, groups and countries that are not there (400).
 */
const CONFIG = `
[dictionaries]
users = { values = ${JSON.stringify(Array.from({ length: 40 }, (_, i) => `u-${i}`))} }
methods = { values = ${JSON.stringify(Array.from({ length: 10 }, (_, i) => `u-${i * 4}-totp`))} }
groups = { values = ${JSON.stringify(GROUPS.map(({ id }) => id))} }
tags = { values = ["*"] }

[parameters]
"path.userId" = { dictionary = "users", probability = 0.8 }
"path.methodId" = { dictionary = "methods", probability = 0.8 }
"path.groupId" = { dictionary = "groups", probability = 0.8 }
"header.If-Match" = { dictionary = "tags", probability = 0.5 }

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412, 428]
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404, 409, 428]

[[operations]]
include-operation-id = ["listAudit", "saveRule", "saveProposal", "changeSettings", "tryChange", "addUser", "testSms"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 428]
`

await runScript(async () => {
  const progress = progressPrinter()
  await install(progress)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-fuzz-'))
  progress(`Starting a sidecar with ${USERS} users`)
  const api = await startApi(`sqlite:${join(folder, 'fuzz.db')}`)
  try {
    const endpoints = await countEndpoints(api.url)
    const each = Math.ceil(CASES / endpoints)
    progress(`Schemathesis ${VERSION}: ${endpoints} endpoints, ${each} cases each and its own examples`)
    const config = join(folder, 'schemathesis.toml')
    writeFileSync(config, CONFIG)
    const checks = ['--checks', 'all', '--max-examples', String(each), '--seed', '1', '--continue-on-failure']
    await schemathesis(
      ['--config-file', config, 'run', `${api.url}/openapi.json`],
      ['--header', `Authorization:Bearer ${api.token}`, '--request-timeout', '10'],
      checks,
      process.argv.slice(2),
    )
  } finally {
    await api.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

async function install(progress: (line: string) => void): Promise<void> {
  const python = await run('python3', ['--version'], { what: 'python3' }).catch(() => undefined)
  if (python === undefined) {
    throw new ScriptError('Schemathesis needs Python: install python3 (3.10 or newer) with its venv module.')
  }
  const installed = existsSync(ST) ? await run(ST, ['--version'], { what: 'st' }).catch(() => '') : ''
  if (installed.includes(VERSION)) return
  progress(`Installing Schemathesis ${VERSION} to .latchkey/venv`)
  await run('python3', ['-m', 'venv', '--clear', VENV], {
    what: 'python3 -m venv (Debian and Ubuntu: apt install python3-venv)',
  })
  await run(join(VENV, 'bin/pip'), ['install', '--quiet', `schemathesis==${VERSION}`], {
    what: 'pip install schemathesis',
  })
}

/** A sidecar of its own, and the token of a tfa-admin whose second factor stays fresh: its clock stands still. */
async function startApi(dbUrl: string) {
  const users = Array.from({ length: USERS }, (_, i) => ({
    id: `u-${i}`,
    username: `user-${i}`,
    email: `user-${i}@example.com`,
    enforcement: ['required', 'optional', 'disabled'][i % 3] ?? 'optional',
    roles: i % 20 === 0 ? null : i % 20 === 1 ? ['administers'] : [],
    groups: i % 2 === 0 ? ['g-north'] : i % 5 === 0 ? ['g-finance'] : [],
    methods: i % 4 === 0 ? ['totp', 'backup-codes'] : [],
  }))
  const database = await openDatabase(dbUrl)
  await seedDirectory(database, 'demo', { groups: GROUPS, users })
  await database.close()

  const directory = fakeDirectory()
  for (const { id, path, parentId } of GROUPS) directory.addGroup(id, path, parentId)
  for (const { id, username, groups } of users) directory.addUser(id, { username, groups })
  const clock = { now: Date.now() }
  const realm = await startRealm('demo')
  const app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    dbUrl,
    clock,
    directory: () => directory,
    sync: { state: async () => NEVER_SYNCED, run: async () => {}, hint: async () => 'kept' },
  })
  await app.policy.saveRule('demo', { groupId: 'g-field', enforcement: 'required', priority: 1 })
  const verified = { sid: 'sid-fuzz', level: 2 as const, at: clock.now }
  await app.store.commit({ realm: 'demo', userId: 'admin', verified })
  // A case may take the API's clients away, and all that came after it would be answered by 401.
  const mend = setInterval(() => {
    void app.admin.policy('demo').then(async ({ set }) => {
      if (set.apiClients !== undefined) await app.policy.saveSettings('demo', {})
    })
  }, 20)
  const token = await realm.accessToken(clock.now, {
    sub: 'admin',
    sid: 'sid-fuzz',
    realm_access: { roles: ['tfa-admin'] },
  })
  return {
    url: `${app.url}/realms/demo/api/v1`,
    token,
    async stop() {
      clearInterval(mend)
      await app.stop()
      await realm.stop()
    },
  }
}

async function countEndpoints(url: string): Promise<number> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> }
  return Object.values(paths).reduce((sum, verbs) => sum + Object.keys(verbs).length, 0)
}

async function schemathesis(...args: string[][]): Promise<void> {
  const child = spawn(ST, args.flat(), { stdio: 'inherit', cwd: workFolder })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new ScriptError(`Schemathesis found something (exit code ${code}).`)
}
