import { randomUUID } from 'node:crypto'
import { Login, codeFor, codesOn, secretOn } from '../support/login.ts'
import type { FakeRealm } from '../support/realm.ts'

const STEP = 30_000

/** Somebody of whom a client wrote down what a sidecar acknowledged to them, and nothing else. */
export interface Person {
  sub: string
  /** Absent until the set-up was acknowledged; the app's secret and the backup codes. */
  enrolled?: { secret: string; codes: string[] }
  /** How often each code was accepted; 0: it was on its way when the answer was lost. */
  codes: { method: 'totp' | 'backup-codes'; code: string; accepted: number }[]
  /** `asked`: whoever asked for it has no answer, so that either may be. */
  revocation: 'none' | 'asked' | 'acknowledged'
  /** Entries of the audit that what was acknowledged must have, by event. */
  events: Map<string, number>
  /** Authorization codes that were redeemed, with their login. */
  redeemed: { login: Login; location: string }[]
}

/** What people do with a sidecar at `url`; every method throws where an answer is lost or says 5xx. */
export function crowd(url: string, realm: FakeRealm) {
  const loginOf = (sub: string) => new Login({ url }, realm, { sub })
  const begin = async (sub: string) => {
    const login = loginOf(sub)
    answered(await login.push())
    answered(await login.open())
    return login
  }

  return {
    /** Sets an app up. With the code of the step before, so that this step's is still to be used. */
    async enrol(): Promise<Person> {
      const person: Person = {
        sub: randomUUID(),
        codes: [],
        revocation: 'none',
        events: new Map(),
        redeemed: [],
      }
      const login = await begin(person.sub)
      const secret = secretOn(answered(await login.page()).text)
      let code = ''
      const confirm = async () => {
        code = await codeFor(secret, Date.now() - STEP)
        return locationOf(await login.post('enrol/totp', { code }))
      }
      // Where a step ended on the way, the code was of the one before the last, and is refused.
      if ((await confirm()).includes('error=')) await confirm()
      const codes = codesOn(answered(await login.page()).text)
      const location = locationOf(await login.post('saved', { saved: 'on' }))
      if (!location.includes('code=')) throw new Error(`the set-up led to ${location}`)
      person.enrolled = { secret, codes }
      person.codes.push({ method: 'totp', code, accepted: 1 })
      count(person, 'enrolment.succeeded')
      await this.redeem(person, login, location)
      return person
    },

    async redeem(person: Person, login: Login, location: string): Promise<void> {
      if (answered(await login.redeem(location)).status === 200) person.redeemed.push({ login, location })
    },

    /** Logs in by the app's code of now or by the next backup code. */
    async spend(person: Person, method: 'totp' | 'backup-codes'): Promise<void> {
      const { secret = '', codes = [] } = person.enrolled ?? {}
      const used = person.codes.map(({ code }) => code)
      const code =
        method === 'totp' ? await codeFor(secret, Date.now()) : codes.find((one) => !used.includes(one))
      if (code === undefined || used.includes(code)) return
      const entry = { method, code, accepted: 0 }
      const login = await this.at(person, method)
      person.codes.push(entry)
      const location = await submit(login, entry)
      if (!location.includes('code=')) {
        // Refused: nothing was spent.
        person.codes.splice(person.codes.indexOf(entry), 1)
        return
      }
      entry.accepted = 1
      count(person, 'challenge.succeeded')
      await this.redeem(person, login, location)
    },

    /** A new login of theirs that asks for that method. */
    async at(person: Person, method: 'totp' | 'backup-codes'): Promise<Login> {
      const login = await begin(person.sub)
      if (method !== 'totp') answered(await login.post('method', { method }))
      return login
    },

    /** Tries a code once more, in a login of its own, and writes down what came of it. */
    async tryAgain(person: Person, entry: Person['codes'][number]): Promise<void> {
      const location = await submit(await this.at(person, entry.method), entry)
      if (location.includes('code=')) entry.accepted++
    },

    /** Whether what was redeemed once can be redeemed again. */
    async redeemsAgain({ login, location }: Person['redeemed'][number]): Promise<boolean> {
      return answered(await login.redeem(location)).status === 200
    },

    /** Whether a code of their app lets them in that was used for nothing yet. */
    async isLetIn({ sub, enrolled }: Person): Promise<boolean> {
      const code = await codeFor(enrolled?.secret ?? '', Date.now() + STEP)
      return (await submit(await begin(sub), { method: 'totp', code, accepted: 0 })).includes('code=')
    },

    /** Has an administrator take the app away by the API, and with it the backup codes. */
    async revoke(person: Person, token: string): Promise<void> {
      const base = `${url}/realms/demo/api/v1/users/${person.sub}/methods`
      const headers = { Authorization: `Bearer ${token}` }
      const list = answered(await fetch(base, { headers }))
      const { methods } = (await list.json()) as { methods: { id: string; method: string }[] }
      const app = methods.find(({ method }) => method === 'totp')
      if (app === undefined) throw new Error('the API lists no app')
      person.revocation = 'asked'
      const { status } = answered(await fetch(`${base}/${app.id}`, { method: 'DELETE', headers }))
      if (status !== 200) throw new Error(`the API answered ${status}`)
      person.revocation = 'acknowledged'
      count(person, 'method.revoked')
    },

    /** The token of an administrator who gave a second factor just now. */
    async administrator(): Promise<string> {
      const { sub, redeemed } = await this.enrol()
      const sid = redeemed[0]?.login.question['sid']
      return await realm.accessToken(Date.now(), { sub, sid, realm_access: { roles: ['tfa-admin'] } })
    },
  }
}

async function submit(login: Login, { method, code }: Person['codes'][number]): Promise<string> {
  return locationOf(await login.post(`challenge/${method}`, { code }))
}

function locationOf(response: { status: number; headers: unknown }): string {
  return String((answered(response).headers as Record<string, unknown>)['location'])
}

/** @throws Error where it is no answer but a fault of the server's */
function answered<T extends { status: number }>(response: T): T {
  if (response.status >= 500) throw new Error(`the sidecar answered ${response.status}`)
  return response
}

function count({ events }: Person, event: string): void {
  events.set(event, (events.get(event) ?? 0) + 1)
}
