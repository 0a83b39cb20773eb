import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import { TAKEN, numberRefused, twilioAt } from '../support/sms-twilio.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

const NUMBER = '+31612345678'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario({
    environment: { LATCHKEY_DELIVERY: 'inbox' },
    settings: { methods: ['totp', 'sms', 'backup-codes'], smsCountries: ['NL', 'DE'], resendSeconds: 10 },
  })
  const groupId = scenario.realm.groups['field'] ?? ''
  await scenario.sidecar().policy.saveRule(scenario.realm.name, {
    groupId,
    enforcement: 'required',
    methods: ['sms'],
    priority: 0,
  })
})
afterAll(async () => {
  await scenario.stop()
})

/** The codes that were sent to a number, newest first. */
async function codesTo(number: string): Promise<string[]> {
  const response = await fetch(`${scenario.sidecar().url}/dev/inbox.json?to=${encodeURIComponent(number)}`)
  const messages = (await response.json()) as { text: string }[]
  return messages.map(({ text }) => /^@localhost #(\d{6})$/m.exec(text)?.[1] ?? 'no code')
}

async function give({ page }: Visitor, country: string, phone: string): Promise<void> {
  await page.selectOption('select[name=country]', country)
  await page.fill('input[name=phone]', phone)
  await page.press('input[name=phone]', 'Enter')
  await page.waitForLoadState('load')
}

it('a user who must use text messages gives a number, proves it, and is sent a code at once from then on (S5)', async () => {
  const carol = await scenario.visitor()
  const { page } = carol
  await carol.signIn('carol')
  const refused: [string, string, RegExp][] = [
    ['NL', '0201234567', /mobile/i],
    ['NL', '06123', /short/i],
    ['NL', '06 abc', /./],
    ['NL', '+447911123456', /countr/i],
  ]
  for (const [country, phone, words] of refused) {
    const arrived = page.waitForEvent('load')
    await give(carol, country, phone)
    await arrived
    expect(await carol.fieldError(), phone).toMatch(words)
    expect(await page.inputValue('input[name=phone]'), phone).toBe(phone)
    expect(page.url()).not.toContain(phone.slice(1))
  }
  expect(await codesTo(NUMBER)).toEqual([])

  await give(carol, 'NL', '06 12 34 56 78')
  await page.waitForSelector('input[name=code]')
  expect(await page.textContent('main')).toContain('+31 ••• ••78')
  const [first = ''] = await codesTo(NUMBER)
  await carol.submitCode(first === '000000' ? '000001' : '000000')
  expect(await carol.fieldError()).toMatch(/not accepted/)

  await page.waitForSelector('#resend:enabled')
  const arrived = page.waitForEvent('load')
  await page.click('#resend')
  await arrived
  const [second = '', ...older] = await codesTo(NUMBER)
  expect(older).toEqual([first])
  if (first !== second) {
    await carol.submitCode(first)
    expect(await carol.fieldError()).toMatch(/not accepted/)
  }
  await carol.submitCode(second)
  await page.waitForSelector('#app')
  expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'sms', 'mfa'] })
  await carol.close()

  const again = await scenario.visitor()
  const sentBefore = (await codesTo(NUMBER)).length
  await again.signIn('carol')
  await again.page.waitForSelector('input[name=code]')
  await again.page.reload()
  expect(await again.page.textContent('main')).toContain('+31 ••• ••78')
  const codes = await codesTo(NUMBER)
  expect(codes).toHaveLength(sentBefore + 1)
  await again.submitCode(codes[0] ?? '')
  await again.page.waitForSelector('#app')
  await again.close()
})

it('a user whose number an administrator entered gets the code without being asked for one (R25)', async () => {
  const { id, username } = await scenario.createUser({ group: 'field' })
  const { realm, admin } = scenario
  const user = await admin.users.findOne({ realm: realm.name, id })
  const number = '+491701234567'
  await admin.users.update({ realm: realm.name, id }, { ...user, attributes: { phoneNumber: [number] } })
  const visitor = await scenario.visitor({ javaScriptEnabled: false })
  await visitor.signIn(username)
  await visitor.page.waitForSelector('input[name=code]')
  expect(await visitor.page.locator('input[name=phone]').count()).toBe(0)
  expect(await visitor.page.locator('#change-number').count()).toBe(0)
  await visitor.submitCode((await codesTo(number))[0] ?? '')
  await visitor.page.waitForSelector('#app')
  await visitor.close()
})

it('a provider that fails or refuses leaves a user with words on what to do, and the way goes on once it works', async () => {
  const provider = await startReceiver()
  await scenario.stopSidecar()
  const other = await startScenario({
    environment: twilioAt(provider.url),
    settings: { methods: ['sms'], smsCountries: ['NL'], resendSeconds: 10 },
  })
  try {
    const { username } = await other.createUser()
    const visitor = await other.visitor()
    const { page } = visitor
    await visitor.signIn(username)
    provider.answer({ status: 503 })
    await give(visitor, 'NL', '0612345678')
    await page.waitForSelector('input[name=code]')
    expect(await page.textContent('[role=alert], .alert')).toMatch(/could not be sent/)
    expect(await page.textContent('main')).toContain('+31 ••• ••78')

    provider.answer(numberRefused(NUMBER))
    await page.waitForSelector('#resend:enabled')
    let arrived = page.waitForEvent('load')
    await page.click('#resend')
    await arrived
    expect(await page.textContent('main')).toMatch(/could not be sent/)

    provider.answer(TAKEN)
    await page.waitForSelector('#resend:enabled')
    arrived = page.waitForEvent('load')
    await page.click('#resend')
    await arrived
    expect(await page.textContent('main')).not.toMatch(/could not be sent/)
    const text = new URLSearchParams(provider.requests.at(-1)?.body).get('Body') ?? ''
    await visitor.submitCode(/#(\d{6})$/.exec(text)?.[1] ?? '')
    await page.waitForSelector('#app')
    await visitor.close()
  } finally {
    await other.stop()
    await provider.stop()
    await scenario.startSidecar()
  }
})
