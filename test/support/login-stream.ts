import { fork } from 'node:child_process'
import { once } from 'node:events'
import { assertionOf } from './login.ts'
import { questionOf } from './realm.ts'
import type { FakeRealm } from './realm.ts'

/** A user with an app who has not logged in yet: a code can be used once. */
export interface Person {
  user: string
  /** The app's key as base32. */
  secret: string
}

/** A login with all that Keycloak signs for it. */
export interface Prepared extends Person {
  /** The signed request object. */
  request: string
  /** The signed client assertion that redeems its code. */
  assertion: string
  redirectUri: string
}

/** What a login asks of a server, in this order. */
export const ASKS = ['push', 'authorize', 'page', 'answer', 'token'] as const
export type Ask = (typeof ASKS)[number]

/** When logins begin: so many a second, however long others take; or one after the other in so many lanes. */
export type Pace = { rate: number; startAt: number } | { lanes: number }

/** What the process is told to do. */
export interface Task {
  /** Where the servers are reached, without a path. */
  url: string
  realm: string
  /** The bridge's. */
  clientId: string
  logins: Prepared[]
  pace: Pace
  /** Seconds that are played, and not measured. */
  warmUp: number
  /** Seconds that are measured; undefined: until it is told to end. */
  seconds: number | undefined
}

/** What came of it. */
export interface Streamed {
  /** Logins that went through, with those of the warm-up. */
  done: number
  /** How many did not, by what was answered. */
  failures: Record<string, number>
  /** Whether logins were left when the time was over. */
  hadEnough: boolean
  /**
   * Milliseconds of each request, and of the whole of a login, of those that began (at a rate) or ended (in lanes) while it
   * was measured. At a rate a login counts from the moment that was planned for it, however late it began.
   */
  samples: Record<Ask | 'whole', number[]>
}

/** What the process says. */
export type Said = 'listening' | 'measuring' | 'measured' | { done: number } | Streamed

/** Signs what Keycloak would sign at those moments, which may lie ahead (epoch milliseconds). */
export async function prepareLogins(
  realm: FakeRealm,
  url: string,
  people: Person[],
  at: (i: number) => number,
): Promise<Prepared[]> {
  const issuer = `${url}/realms/${realm.name}`
  return await Promise.all(
    people.map(async (person, i) => {
      const claims = { sub: person.user, preferred_username: person.user }
      const question = questionOf(realm, issuer, at(i), claims)
      const [request, assertion] = await Promise.all([
        realm.sign('oauth-authz-req+jwt', question),
        realm.sign('client-authentication+jwt', assertionOf(realm, issuer, at(i))),
      ])
      return { ...person, request, assertion, redirectUri: String(question['redirect_uri']) }
    }),
  )
}

/** Logins under way, played by a process of its own. */
export interface LoginStream {
  pid: number
  /** Fulfilled when the warm-up is over, and when what is measured is. */
  measuring: Promise<void>
  measured: Promise<void>
  /** How many logins went through so far. */
  done(): number
  /** What came of all, once the last one is over. */
  over: Promise<Streamed>
  /** Begins no more logins. */
  end(): void
}

export function startLogins(task: Task): LoginStream {
  const child = fork(new URL('login-stream-process.ts', import.meta.url), {
    execArgv: [],
    serialization: 'advanced',
  })
  let done = 0
  const heard = { listening: () => void child.send(task), measuring: () => {}, measured: () => {} }
  const measuring = new Promise<void>((resolve) => (heard.measuring = resolve))
  const measured = new Promise<void>((resolve) => (heard.measured = resolve))
  const over = new Promise<Streamed>((resolve, reject) => {
    child.on('message', (said: Said) => {
      if (typeof said === 'string') heard[said]()
      else done = said.done
      if (typeof said === 'object' && 'samples' in said) {
        resolve(said)
        child.disconnect()
      }
    })
    void once(child, 'exit').then(() => reject(new Error('the process that plays logins ended')))
  })
  return {
    pid: Number(child.pid),
    measuring,
    measured,
    done: () => done,
    over,
    end: () => void child.send('end'),
  }
}
