import type { z } from 'zod'
import { entryBy } from '../../core/administration/changes.ts'
import { maskPhone, readPhone } from '../../core/login/phone.ts'
import { testCounts } from '../../core/login/sending.ts'
import type { DestinationError } from '../../core/method.ts'
import type { Answer, Call } from './endpoint.ts'
import { iso } from './fields.ts'
import { faulty, Problem } from './problem.ts'
import type { smsTestBody, testAnswer } from './test-schemas.ts'

const FAULTS: Record<DestinationError, string> = {
  'phone-missing': 'must be a number',
  'phone-malformed': 'must be a number with its country code, such as +15005550006',
  'phone-too-short': 'must have more digits: this is too short for a number',
  'phone-too-long': 'must have fewer digits: this is too long for a number',
  'phone-country': 'must be of a country that text messages go to',
  'phone-not-mobile': 'must be a mobile number',
}

/** Sends a text message as the realm's settings say at this moment, and tells what became of it (S17). */
export async function testSms(
  call: Call<unknown, unknown, z.output<typeof smsTestBody>>,
): Promise<Answer<z.input<typeof testAnswer>>> {
  const { context, realm, policy, body, by } = call
  const { settings } = policy
  const read = readPhone({ country: '', phone: body.to }, settings.smsCountries)
  if (!read.ok) throw faulty([{ path: 'body.to', message: messageOf(read.error, settings.smsCountries) }])
  const kit = context.kit()
  // Before it is sent: a message that was not counted would be free.
  const counted = await context.store.commit({
    realm: realm.name,
    userId: by.actor,
    counts: testCounts({ to: read.phone, userId: by.actor, address: by.address }, settings, kit),
  })
  if (counted !== 'written')
    throw limited(typeof counted === 'object' ? counted.limitedUntil : kit.now, kit.now)
  const text = context.mail.writer.testLine({ locale: undefined, realmDisplayName: realm.name })
  const handed = await context.sendText(realm.name, settings, { to: read.phone, text })
  const { result } = handed
  const why = handed.result === 'sent' ? null : handed.why
  context.metrics.textMessages.inc({ realm: realm.name, result })
  await context.admin.commit({
    realm: realm.name,
    audit: [
      entryBy(by, {
        event: 'sms.tested',
        realm: realm.name,
        detail: { provider: settings.smsProvider, to: maskPhone(read.phone), result, why },
      }),
    ],
  })
  return { body: { result, why } }
}

function messageOf(error: DestinationError, countries: readonly string[]): string {
  if (error !== 'phone-country') return FAULTS[error]
  const listed = countries.length === 0 ? 'none is allowed yet (smsCountries)' : countries.join(', ')
  return `${FAULTS[error]}: ${listed}`
}

function limited(until: number, now: number): Problem {
  const seconds = Math.max(1, Math.ceil((until - now) / 1000))
  return new Problem('limited', `a limit on text messages stands until ${iso(until)}`, {
    headers: { 'Retry-After': String(seconds) },
  })
}
