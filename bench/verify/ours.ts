import { randomUUID } from 'node:crypto'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { environmentOf } from '../../test/chaos/fleet.ts'
import { addressOf, inLanes } from '../../test/chaos/lanes.ts'
import { Play } from '../../test/chaos/play.ts'
import { startPost } from '../../test/chaos/post.ts'
import { appOf, raceSettings, saveCredentials } from '../../test/chaos/race-people.ts'
import { codeFor } from '../../test/support/login.ts'
import { startRealm } from '../../test/support/realm.ts'
import { freshNumber } from '../../test/support/sms.ts'
import { newKey } from '../../test/support/stores.ts'
import { startServer } from '../servers.ts'
import { formPost } from './client.ts'
import type { Answer, Ask } from './client.ts'
import { otherThan } from './rival.ts'
import type { Rival } from './rival.ts'

/** How many logins are begun at a time; the browser's way to the step is not measured. */
const BEGINNERS = 8
/** Wrong tries of one user: the realm locks at twenty. */
const TRIES = 18
const STEP = 30_000

interface Person {
  user: string
  credentials: { user: string; method: string; data: unknown }[]
  /** The right code first, then those that are right a moment before and after it. */
  codes: () => Promise<string[]>
}

/** Somebody at the step that asks for their code. */
interface Waiting extends Pick<Person, 'codes'> {
  login: Play
  method: string
  tries: number
}

/**
 * A sidecar on its own database: compiled, in its own process, logging as in production. Each right code is of a user
 * of its own, whose login stands at the step; wrong ones are shared out so that nobody is locked.
 */
export async function startOurs(dbUrl: string): Promise<Rival> {
  const [keycloak, post] = await Promise.all([startRealm(), startPost()])
  const key = newKey()
  const sealer = createSealer([key])
  const database = await openDatabase(dbUrl)
  await createPolicyStore(database).saveSettings('demo', {
    ...raceSettings(post.mailPort),
    // Nobody is to be told of codes that were sent and never typed.
    smsAlarm: 1_000_000,
    backupCodesLow: 0,
  })
  const server = await startServer({
    ...environmentOf(post, key),
    LATCHKEY_DB_URL: dbUrl,
    LATCHKEY_KEYCLOAK_URL: keycloak.keycloakUrl,
  })
  const host = new URL(server.url).host
  const fleet = { urls: [server.url], keycloak, post }
  const guessers = new Map<string, Waiting[]>()
  let users = 0

  async function begin(user: string, method: string): Promise<Play> {
    const login = await new Play(fleet, { user, address: addressOf(users++) }).begin()
    if (method === 'backup-codes') await login.submit('method', { method })
    return login
  }

  /** Somebody with an app and backup codes, or with a phone. */
  function newPerson(kind: string): Person {
    const user: string = randomUUID()
    if (kind === 'sms') {
      const phone = freshNumber()
      const newest = async () => await Promise.resolve([/\b\d{6}\b/.exec(post.newest(phone))?.[0] ?? ''])
      return { user, credentials: [{ user, method: 'sms', data: { phone } }], codes: newest }
    }
    const { secret, backupCode, credentials } = appOf(user, sealer)
    const written = async () => await Promise.resolve([backupCode])
    const shown = async () =>
      await Promise.all([0, -STEP, STEP, 2 * STEP].map((by) => codeFor(secret, Date.now() + by)))
    return { user, credentials, codes: kind === 'backup' ? written : shown }
  }

  /** So many new users who have the method, at the step. */
  async function arrive(kind: string, count: number): Promise<Waiting[]> {
    const people = Array.from({ length: count }, () => newPerson(kind))
    await saveCredentials(
      database,
      sealer,
      'demo',
      people.flatMap(({ credentials }) => credentials),
    )
    const method = kind === 'backup' ? 'backup-codes' : kind
    const waiting: Waiting[] = []
    await inLanes(count, BEGINNERS, async (i) => {
      const { user, codes } = people[i]!
      waiting.push({ login: await begin(user, method), method, codes, tries: 0 })
    })
    return waiting
  }

  async function rightAsk(one: Waiting): Promise<Ask> {
    const [right = ''] = await one.codes()
    return askOf(one, right, ({ status, location }) => status === 302 && location.includes('&code='))
  }

  async function wrongAsk(kind: string, one: Waiting): Promise<Ask> {
    one.tries++
    const wrong = kind === 'backup' ? '0000-0000-0000-0000' : otherThan(...(await one.codes()))
    return askOf(
      one,
      wrong,
      ({ status, location }) => status === 303 && location.endsWith('?error=code-wrong'),
    )
  }

  function askOf({ login, method }: Waiting, code: string, isAsExpected: (answer: Answer) => boolean): Ask {
    const bytes = formPost(host, `${login.step}/challenge/${method}`, { code }, login.cookie)
    return { bytes, isAsExpected }
  }

  return {
    host,
    pid: server.pid,
    async asks(mix, count, lanes) {
      const [kind = '', which] = mix.split(' ')
      if (which === 'right') return await Promise.all((await arrive(kind, count)).map(rightAsk))
      const known = (guessers.get(kind) ?? []).filter(({ tries }) => tries < TRIES)
      const asks: Ask[] = []
      while (asks.length < count) {
        if (known.length < 2 * lanes) known.push(...(await arrive(kind, 2 * lanes)))
        const one = known.shift()!
        asks.push(await wrongAsk(kind, one))
        if (one.tries < TRIES) known.push(one)
      }
      guessers.set(kind, known)
      return asks
    },
    async stop() {
      await server.stop()
      await database.close()
      await Promise.all([keycloak.stop(), post.stop()])
    },
  }
}
