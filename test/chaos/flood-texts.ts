import { randomUUID } from 'node:crypto'
import { freshNumber } from '../support/sms.ts'
import { LIMITS, TEXTS } from './flood-people.ts'
import type { Fleet } from './fleet.ts'
import { addressOf, inLanes } from './lanes.ts'
import type { Figure } from './part.ts'
import { Play } from './play.ts'

const HOUR = 3_600_000
/** Logins that each ask for a text message, several times what any limit lets out. */
const LOGINS = 60

/** Somebody who knows passwords has text messages sent, in every way there is: the messages that went out are counted. */
export async function floodTexts(fleet: Fleet, where: string): Promise<Figure[]> {
  const [realm = '', again = ''] = TEXTS
  const hour = hourNow()
  const figures = await floodRealm(fleet, where, realm)
  return hour === hourNow() ? figures : await floodRealm(fleet, where, again)
}

async function floodRealm(fleet: Fleet, where: string, realm: string): Promise<Figure[]> {
  /** Logins at the same time, each of which would send at once; how many messages went out. */
  const ask = async (login: (i: number) => { user: string; address: string; phone: string }) => {
    const before = fleet.post.texts()
    await inLanes(LOGINS, 8, async (i) => {
      const { user, address, phone } = login(i)
      await new Play(fleet, { user, realm, address }, { phone_number: phone }).begin()
    })
    return fleet.post.texts() - before
  }
  const [user, number, prefix] = [randomUUID(), freshNumber(), freshNumber().slice(0, -3)]
  const figure = (what: string, sent: number, limit: number): Figure => ({
    what: `${where}: ${what}`,
    figure: `${LOGINS} logins: ${sent} messages of ${limit}`,
    holds: sent === limit,
  })
  const ofNumber = await ask((i) => ({ user, address: addressOf(i), phone: number }))
  const ofPrefix = await ask((i) => ({
    user: randomUUID(),
    address: addressOf(i),
    phone: `${prefix}${100 + i}`,
  }))
  const ofAddress = await ask(() => ({ user: randomUUID(), address: '198.51.100.7', phone: freshNumber() }))
  const rest = LIMITS.day - ofNumber - ofPrefix - ofAddress
  const ofDay = await ask((i) => ({ user: randomUUID(), address: addressOf(i), phone: freshNumber() }))
  return [
    figure('text messages to one number, from 60 addresses (R10)', ofNumber, LIMITS.number),
    figure('text messages to one range of numbers (R10)', ofPrefix, LIMITS.prefix),
    figure('text messages asked for from one address, for 60 users (R10)', ofAddress, LIMITS.address),
    figure(
      `what is left of the realm's ${LIMITS.day} of a day, by 60 users from 60 addresses (R10)`,
      ofDay,
      rest,
    ),
  ]
}

const hourNow = () => Math.floor(Date.now() / HOUR)
