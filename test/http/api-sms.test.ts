import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openForReading } from '../../src/adapters/store/database.ts'
import { startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import type { Receiver } from '../support/sms-receiver.ts'
import { numberRefused, TAKEN, TWILIO } from '../support/sms-twilio.ts'
import { dump, PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NUMBER = '+31687654321'
const SECRET = 'whsec_c2VjcmV0LW9mLXRoZS1yZWFsbQ=='
const { accountSid, authToken, from } = TWILIO

describe.each(PLACES)("a realm's own provider of text messages on %s", (_, makePlace) => {
  let place: Place
  let provider: Receiver
  let world: ApiWorld
  let erin: Client

  const start = async (
    environment: NodeJS.ProcessEnv = {},
    users = [{ id: 'erin', roles: ['tfa-admin'] }],
  ) => {
    world = await startApi({
      users,
      dbUrl: place.url,
      environment: {
        LATCHKEY_PRIVATE_HOSTS: '127.0.0.1',
        LATCHKEY_TWILIO_URL: provider.url,
        ...environment,
      },
    })
    erin = await world.as('erin', ['tfa-admin'])
  }

  beforeEach(async () => {
    place = await makePlace()
    provider = await startReceiver()
    await start()
  })
  afterEach(async () => {
    await world.stop()
    await provider.stop()
    await place.drop()
  })

  const set = async (body: object) => {
    const etag = (await erin('GET', '/settings')).headers.get('etag') ?? ''
    return await erin('PATCH', '/settings', { body, headers: { 'If-Match': etag } })
  }
  const test = async (to = NUMBER) => await erin('POST', '/settings/sms-test', { body: { to } })
  const secretsSet = async () => (await erin('GET', '/settings/secrets')).json.set
  const detailsOf = async (event: string) =>
    ((await erin('GET', `/audit?event=${event}`)).json.entries as { detail: Record<string, unknown> }[]).map(
      ({ detail }) => detail,
    )
  const tests = async () => await detailsOf('sms.tested')
  const useTwilio = async () => {
    const twilio = { accountSid, from }
    expect((await set({ smsCountries: ['NL'], smsProvider: 'twilio', smsTwilio: twilio })).status).toBe(200)
    await erin('PUT', '/settings/twilio-auth-token', { body: { authToken } })
    provider.answer(TAKEN)
  }
  const useWebhook = async (url = `${provider.url}/take`) => {
    expect((await set({ smsCountries: ['NL'], smsProvider: 'webhook', smsWebhook: url })).status).toBe(200)
    await erin('PUT', '/settings/sms-webhook-secret', { body: { secret: SECRET } })
    provider.answer({ status: 202 })
  }

  it('is as the operator set it unless the realm says otherwise: nobody, here (S17)', async () => {
    await set({ smsCountries: ['NL'] })
    expect((await test()).json).toEqual({
      result: 'failed',
      why: 'nobody sends text messages for this realm',
    })
  })

  it('is Twilio at once, with its own account, once its auth token is set (S17)', async () => {
    await set({ smsCountries: ['NL'], smsProvider: 'twilio', smsTwilio: { accountSid, from } })
    expect((await test()).json).toEqual({ result: 'failed', why: 'no auth token for Twilio is set' })
    expect(provider.requests).toEqual([])
    await useTwilio()
    expect((await test()).json).toEqual({ result: 'sent', why: null })
    const [request, ...more] = provider.requests
    expect(more).toEqual([])
    expect(request?.path).toContain(`/Accounts/${accountSid}/Messages`)
    const basic = Buffer.from(`${accountSid}:${authToken}`).toString('base64')
    expect(request?.headers.authorization).toBe(`Basic ${basic}`)
    const sent = Object.fromEntries(new URLSearchParams(request?.body))
    expect(sent).toMatchObject({ To: NUMBER, From: from })
    expect(sent['Body']).toMatch(/^demo: an administrator sent this message/)
  })

  it('says what Twilio answered in words, without the number (S17, R23)', async () => {
    await useTwilio()
    provider.answer(numberRefused(NUMBER))
    expect((await test()).json).toEqual({
      result: 'refused',
      why: 'Twilio says that this is no number (error 21211)',
    })
    provider.answer({ status: 401, body: { code: 20_003, message: 'Authenticate', status: 401 } })
    expect((await test()).json).toEqual({
      result: 'failed',
      why: 'Twilio did not take the account SID and the auth token (error 20003)',
    })
    provider.answer({ status: 503 })
    expect((await test()).json).toEqual({
      result: 'failed',
      why: 'Twilio did not take the message (status 503)',
    })
    const entries = await tests()
    expect(entries).toHaveLength(3)
    expect(entries).toContainEqual({
      provider: 'twilio',
      to: '+31 ••• ••21',
      result: 'failed',
      why: expect.stringContaining('503'),
    })
    expect((await erin('GET', '/audit')).text).not.toContain(NUMBER)
  })

  it('is a webhook at once, whose messages are signed by its secret (S17)', async () => {
    await set({ smsCountries: ['NL'], smsProvider: 'webhook', smsWebhook: `${provider.url}/take` })
    expect((await test()).json).toEqual({ result: 'failed', why: 'no secret of the webhook is set' })
    await useWebhook()
    expect((await test()).json).toEqual({ result: 'sent', why: null })
    const [request] = provider.requests
    if (request === undefined) throw new Error('no request')
    const { headers, body } = request
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
    const signature = createHmac('sha256', key).update(signed).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${signature}`)
    expect(JSON.parse(body)).toMatchObject({ to: NUMBER })
    provider.answer({ status: 422 })
    expect((await test()).json).toEqual({
      result: 'refused',
      why: 'the webhook refused the message (status 422)',
    })
  })

  it('reaches private networks and plain http only where the operator opened the host', async () => {
    await world.stop()
    await start({ LATCHKEY_PRIVATE_HOSTS: '' }, [])
    await useWebhook()
    expect((await test()).json.why).toBe(
      'the address must be https: plain http goes only to hosts that the operator opened',
    )
    await set({ smsPerNumber: 100, smsPerUser: 100 })
    for (const host of [
      '127.0.0.1',
      '[::1]',
      'localhost',
      '10.0.0.1',
      '169.254.169.254',
      '[::ffff:10.0.0.1]',
    ]) {
      await useWebhook(`https://${host}/`)
      expect((await test()).json.why, host).toBe(
        'the server is in a private network that the operator did not open',
      )
    }
    expect(provider.requests).toEqual([])
  })

  it('is not led elsewhere by a redirect', async () => {
    await useWebhook()
    provider.answer({ status: 307, location: `${provider.url}/elsewhere` })
    expect((await test()).json).toMatchObject({ result: 'failed' })
    expect(provider.requests.map(({ path }) => path)).toEqual(['/take', '/take'])
  })

  it('never shows a secret, nor keeps one as it is (R5, R23)', async () => {
    await useTwilio()
    await useWebhook()
    await test()
    const paths = ['/settings', '/settings/secrets', '/audit']
    const answers = await Promise.all(paths.map(async (path) => (await erin('GET', path)).text))
    const database = openForReading(place.url)
    const cells = await dump(database)
    await database.close()
    expect(await secretsSet()).toEqual(['twilio-auth-token', 'sms-webhook-secret'])
    for (const secret of [authToken, SECRET]) {
      expect(answers.join('\n')).not.toContain(secret)
      expect(cells.filter(({ text }) => text.includes(secret))).toEqual([])
    }
    expect((await erin('DELETE', '/settings/twilio-auth-token')).status).toBe(204)
    expect(await secretsSet()).toEqual(['sms-webhook-secret'])
  })

  it('forgets a secret where it would be told to somebody else than it was entered for', async () => {
    await useTwilio()
    await useWebhook()
    await set({ smsTwilio: { accountSid, from: '+15005550001' }, smsProvider: 'operator' })
    expect(await secretsSet()).toEqual(['twilio-auth-token', 'sms-webhook-secret'])
    await set({ smsTwilio: { accountSid: `AC${'9'.repeat(32)}`, from } })
    expect(await secretsSet()).toEqual(['sms-webhook-secret'])
    await set({ smsWebhook: `${provider.url}/another` })
    expect(await secretsSet()).toEqual([])
    await erin('PUT', '/settings/twilio-auth-token', { body: { authToken } })
    await set({ smsTwilio: null })
    expect(await secretsSet()).toEqual([])
    const told = (await detailsOf('secret.changed')).map(({ set: isSet }) => isSet)
    expect(Object.groupBy(told, String)).toMatchObject({ true: { length: 3 }, false: { length: 3 } })
  })

  it('sends a test only to a mobile number of a country that is allowed, within every limit (R10)', async () => {
    await useWebhook()
    for (const to of ['0612345678', '+4915112345678', '+31201234567', '+316', 'erin', '']) {
      const answer = await test(to)
      expect(answer.status, to).toBe(400)
      expect(answer.json.errors[0].path).toBe('body.to')
    }
    expect(provider.requests).toEqual([])
    await set({ smsPerNumber: 2 })
    expect([(await test()).status, (await test()).status]).toEqual([200, 200])
    const limited = await test()
    expect(limited.status).toBe(429)
    expect(limited.json.type).toBe('urn:latchkey:problem:limited')
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(provider.requests).toHaveLength(2)
    expect(await tests()).toHaveLength(2)
  })

  it('must have what it sends by', async () => {
    const missing = async (body: object) => (await set(body)).json.errors?.[0]?.path
    expect(await missing({ smsProvider: 'twilio' })).toBe('body.smsTwilio')
    expect(await missing({ smsProvider: 'webhook' })).toBe('body.smsWebhook')
    await useWebhook()
    expect(await missing({ smsWebhook: null })).toBe('body.smsWebhook')
  })
})
