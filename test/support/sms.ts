import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import supertest from 'supertest'
import type { Clock, RunningApp } from './app.ts'
import { Login } from './login.ts'
import type { FakeRealm } from './realm.ts'

export const HOUR = 3_600_000

/** A mobile number that no other test of the run has been given, E.164. */
export function freshNumber(): string {
  numbers++
  // The last three digits of two of them never share the rest: no prefix is shared by chance.
  return `+316${String(10_000 + numbers).padStart(5, '0')}123`
}
let numbers = 0

/** A message in the trial's inbox. */
export interface Message {
  to: string
  text: string
}

/** What the inbox holds, newest first. */
export async function inboxOf(app: RunningApp, to?: string): Promise<Message[]> {
  const response = await supertest(app.url)
    .get('/dev/inbox.json')
    .query(to === undefined ? {} : { to })
  return response.body as Message[]
}

/** The code that a message ends with, bound to the sidecar's host. */
export function codeIn(message: Message | undefined): string {
  const code = /\n\n@127\.0\.0\.1 #(\d{6})$/.exec(message?.text ?? '')?.[1]
  if (code === undefined) throw new Error(`no code in ${JSON.stringify(message)}`)
  return code
}

export function otherThan(...codes: string[]): string {
  return ['424242', '424243', '424244', '424245'].find((code) => !codes.includes(code))!
}

/** The start of the next full hour: the windows of the limits begin there. */
export function toNextHour(clock: Clock): void {
  clock.now = (Math.floor(clock.now / HOUR) + 1) * HOUR
}

/** What a realm's users do with text messages, at the clock's time. */
export function smsUsers(app: RunningApp, realm: FakeRealm, clock: Clock) {
  const loginOf = (sub: string, change: Record<string, unknown> = {}) =>
    new Login(app, realm, { sub, ...change }, () => clock.now)
  const newest = async (to: string) => codeIn((await inboxOf(app, to))[0])
  return {
    loginOf,
    newest,
    /** A login of somebody new, whose number an administrator set; the code is on its way. */
    async known(phone = freshNumber(), sub: string = randomUUID()) {
      return await loginOf(sub, { phone_number: phone }).begin()
    },
    /** A user with a proven number; an hour later. */
    async enrolled(phone = freshNumber(), change: Record<string, unknown> = {}) {
      const sub = randomUUID()
      const login = await loginOf(sub, { phone_number: phone, ...change }).begin()
      if (!login.step) throw new Error('no step')
      const done = await login.post('enrol/sms', { code: await newest(phone) })
      if (!locationOf(done).includes('code=')) throw new Error(`not enrolled: ${locationOf(done)}`)
      toNextHour(clock)
      return { sub, phone, begin: async () => await loginOf(sub, change).begin() }
    },
  }
}

export const locationOf = (response: { headers: unknown }) =>
  String((response.headers as Record<string, unknown>)['location'])

export const pageName = (html: string) => /data-page="([\w-]+)"/.exec(html)?.[1]

/** A page's sentences without its tags. */
export const words = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#x27;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll(/[\u2066\u2069]/g, '')
    .replaceAll(/\s+/g, ' ')

/** A figure of the metrics page; 0 where there is none. */
export async function metric(app: RunningApp, name: string, labels: string): Promise<number> {
  const { text } = await supertest(app.management).get('/metrics')
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${labels}}`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Every number of messages that a SQLite sidecar has counted, by scope. */
export function countsOf(app: RunningApp): { scope: string; key: string; count: number }[] {
  const file = new DatabaseSync(app.config.dbUrl.slice('sqlite:'.length), { readOnly: true })
  const rows = file.prepare('select scope, key, count from send_count').all()
  file.close()
  return rows.map(({ scope, key, count }) => ({
    scope: String(scope),
    key: String(key),
    count: Number(count),
  }))
}
