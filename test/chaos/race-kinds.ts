import { codeFor } from '../support/login.ts'
import { pageName } from '../support/sms.ts'
import type { Fleet } from './fleet.ts'
import { Play, isBound, isLetIn } from './play.ts'
import type { Answer } from './play.ts'
import { LINKED } from './race-people.ts'
import type { Racers } from './race-people.ts'

/** How many requests race for each code. */
export const SUBMITS = 8

/** What one code is raced for, and what "once" means there. */
export const KINDS = {
  jti: 'request object at par: its jti is taken once (R12)',
  'request-uri': 'request_uri opened by 8 browsers: the first alone is bound (R12, R15)',
  totp: 'app code in two logins: lets in once (R2)',
  token: 'authorization code at token: redeemed once (R13)',
  device: "trusted device's cookie in 8 logins: lets in once (P3)",
  'backup-code': 'backup code in two logins: lets in once (R4)',
  bypass: 'code of the help desk in four logins: leads to one set-up (R29)',
  sms: 'code by text message: lets in once (R3)',
  email: 'code by e-mail: lets in once (R3)',
  link: 'link of an e-mail in 8 browsers: leads to one set-up (R19, P8)',
} as const

export type Kind = keyof typeof KINDS

/** One code's race. `answers` is what the requests were told, for where that is not as it must be. */
export interface Race {
  kind: Kind
  submits: number
  accepted: number
  answers: Answer[]
}

/** Races for every kind of code of these people, and tells what came out. */
export async function raceAll(fleet: Fleet, racers: Racers, tell: (race: Race) => void): Promise<void> {
  await raceApp(fleet, racers.app, tell)
  await raceBackupCode(fleet, racers.app, tell)
  await raceBypass(fleet, racers.app, tell)
  await raceSentCode(fleet, racers.phone.user, 'sms', racers.phone.number, tell)
  await raceSentCode(fleet, racers.mail.user, 'email', racers.mail.address, tell)
  await raceLink(fleet, racers.link, tell)
}

type Tell = (race: Race) => void

/** A login from its question to its end, and the next ones on the device that it trusted; what nobody won ends it. */
async function raceApp(fleet: Fleet, { user, secret }: Racers['app'], tell: Tell): Promise<void> {
  const one = new Play(fleet, { user })
  const request = await one.signed()
  tell(race('jti', await volley(async () => await one.push(request)), ({ status }) => status === 201))
  const arrived = await volley(async () => await one.arrive())
  tell(race('request-uri', arrived, isBound))
  const bound = arrived.find(isBound)
  if (bound === undefined) return
  one.take(bound)

  const other = await new Play(fleet, { user }).begin()
  const code = await codeFor(secret, Date.now())
  const logins = [one, other]
  const answers = await volley(
    async (i) => await shared(logins, i).submit('challenge/totp', { code, trust: 'on' }),
  )
  tell(race('totp', answers, isLetIn))
  const letIn = answers.find(isLetIn)
  if (letIn === undefined) return
  const winner = shared(logins, answers.indexOf(letIn))
  // Where several were accepted, which must not be, the newest code alone is left to race for.
  const { location } = answers.filter(isLetIn).length === 1 ? letIn : await winner.page()
  const authorization = new URL(location).searchParams.get('code') ?? ''
  const redeemed = await volley(async () => await winner.redeem(authorization))
  tell(race('token', redeemed, ({ status }) => status === 200))

  const cookie = letIn.cookies.find((each) => each.startsWith('lk-device-')) ?? ''
  const next = Array.from({ length: SUBMITS }, () => new Play(fleet, { user }))
  for (const login of next) await login.push(await login.signed())
  tell(race('device', await volley(async (i) => await next[i]!.arrive(cookie)), isLetIn))
}

async function raceBackupCode(fleet: Fleet, { user, backupCode }: Racers['app'], tell: Tell): Promise<void> {
  const logins = await begun(fleet, user, 2, 'backup-codes')
  const code = backupCode
  tell(
    race(
      'backup-code',
      await volley(async (i) => await shared(logins, i).submit('challenge/backup-codes', { code })),
      isLetIn,
    ),
  )
}

/** The code lets nobody in: a login that it was accepted in has gone on to a set-up. */
async function raceBypass(fleet: Fleet, { user, bypass }: Racers['app'], tell: Tell): Promise<void> {
  const logins = await begun(fleet, user, 4, 'help-desk')
  await volley(async (i) => await shared(logins, i).submit('challenge/help-desk', { code: bypass }))
  const pages = await Promise.all(logins.map(async (login) => await login.page()))
  tell({ ...race('bypass', pages, isSetUp), submits: SUBMITS })
}

async function raceSentCode(
  fleet: Fleet,
  user: string,
  kind: 'sms' | 'email',
  to: string,
  tell: Tell,
): Promise<void> {
  const [login] = await begun(fleet, user, 1)
  const code = /\b\d{6}\b/.exec(fleet.post.newest(to))?.[0] ?? ''
  tell(race(kind, await volley(async () => await login!.submit(`challenge/${kind}`, { code })), isLetIn))
}

async function raceLink(fleet: Fleet, { user, address }: Racers['link'], tell: Tell): Promise<void> {
  const claims = { email: address, email_verified: true }
  const logins = Array.from({ length: SUBMITS }, () => new Play(fleet, { user, realm: LINKED }, claims))
  for (const login of logins) await login.begin()
  const token = /\/link\?token=([\w.-]+)/.exec(fleet.post.newest(address))?.[1] ?? ''
  const { cookies } = await logins[0]!.press(token)
  tell(race('link', await volley(async (i) => await logins[i]!.page(cookies)), isSetUp))
}

/** Logins of one user that stand at a method, or at the one that is asked for first. */
async function begun(fleet: Fleet, user: string, count: number, method?: string): Promise<Play[]> {
  const logins = Array.from({ length: count }, () => new Play(fleet, { user }))
  for (const login of logins) {
    await login.begin()
    if (method !== undefined) await login.submit('method', { method })
  }
  return logins
}

/** The login that a request belongs to: two in a row are of one, so that each login comes to every server. */
function shared(logins: Play[], i: number): Play {
  return logins[Math.floor(i / 2) % logins.length]!
}

async function volley(submit: (i: number) => Promise<Answer>): Promise<Answer[]> {
  return await Promise.all(Array.from({ length: SUBMITS }, async (_, i) => await submit(i)))
}

function race(kind: Kind, answers: Answer[], isAccepted: (answer: Answer) => boolean): Race {
  return { kind, submits: answers.length, accepted: answers.filter(isAccepted).length, answers }
}

/** Whether the page is one of a set-up; which method is the first question of it. */
function isSetUp({ text }: Answer): boolean {
  return /^(enrol-|select-method)/.test(pageName(text) ?? '')
}

/** What answers were, in short and without what they carry: a status, the names of what is in the address, the page. */
export function wordsFor(answers: Answer[]): string {
  const words = answers.map(({ status, location, text }) =>
    [status, ...new URL(location, 'http://here').searchParams.keys(), pageName(text) ?? ''].join(' ').trim(),
  )
  return [...new Set(words)]
    .map((one) => `${words.filter((other) => other === one).length} × ${one}`)
    .join(', ')
}
