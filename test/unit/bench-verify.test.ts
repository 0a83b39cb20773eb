import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { generateSync } from 'otplib'
import { afterEach, describe, expect, it } from 'vitest'
import { formPost, volley } from '../../bench/verify/client.ts'
import type { Ask } from '../../bench/verify/client.ts'
import { acceptedStep, codeOf, codesAround, stepAt } from '../../bench/verify/code.ts'
import type { RivalName, Sample } from '../../bench/verify/measure.ts'
import { LANES, outcomeOf } from '../../bench/verify/table.ts'
import { MIXES } from '../../bench/verify/rival.ts'
import { realmSettings } from '../../src/core/settings.ts'
import { totp } from '../../src/methods/totp/totp.ts'

describe('the floor takes the app codes that the sidecar takes', () => {
  const NOW = 1_800_000_000_000
  const account = { realm: 'demo', userId: 'u', username: 'u', issuer: 'demo' }
  const context = {
    now: NOW,
    settings: realmSettings.parse({}),
    random: randomBytes,
    mac: () => ({ keyId: 'k1', value: '' }),
    keyIds: ['k1'],
    site: { origin: 'http://127.0.0.1', rpId: '127.0.0.1' },
  }

  it.each([-3, -2, -1, 0, 1, 2, 3])('of %i steps from now', (by) => {
    const { secret } = totp.beginEnrolment(account, context).keep
    const code = generateSync({ secret, epoch: NOW / 1000 + by * 30 })
    const verdict = totp.finishChallenge({ secret, lastStep: 0 }, undefined, code, account, context)
    const step = acceptedStep(bytesOf(secret), code, NOW)
    expect(step).toBe(Math.abs(by) <= 1 ? stepAt(NOW) + by : undefined)
    expect(verdict).toEqual(
      step === undefined
        ? { ok: false, error: 'wrong' }
        : { ok: true, credential: { secret, lastStep: step } },
    )
  })

  it('and keeps a code that is to be wrong away from those that are right soon', () => {
    const secret = randomBytes(20)
    expect(codesAround(secret, NOW)).toContain(codeOf(secret, stepAt(NOW) + 2))
  })

  function bytesOf(base32: string): Buffer {
    const bits = base32
      .split('')
      .map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0'))
      .join('')
    return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  }
})

describe('the client', () => {
  const servers: ReturnType<typeof createServer>[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const askFor = (host: string, n: number): Ask => ({
    bytes: formPost(host, `/${n}`, { code: `${n}` }, `c=${n}`),
    isAsExpected: ({ status, location, body }) =>
      status === 302 && location === `/done?${n}` && body === `${n} c=${n} code=${n}`,
  })
  const answer: RequestListener = (request, response) => {
    const n = request.url?.slice(1)
    void textOf(request).then((form) => {
      const body = `${n} ${request.headers.cookie} ${form}`
      response.writeHead(302, { Location: `/done?${n}`, 'Content-Length': body.length }).end(body)
    })
  }

  it.each([
    ['keeps', 1, answer],
    ['keeps', 4, answer],
    [
      'ends',
      4,
      (request, response) => {
        response.setHeader('Connection', 'close')
        answer(request, response)
      },
    ],
  ] as [string, number, RequestListener][])(
    'gets each its own answer where the server %s connections, %i at once',
    async (_, lanes, listener) => {
      const asked: (string | undefined)[] = []
      const host = await serve((request, response) => {
        asked.push(request.url)
        listener(request, response)
      })
      await volley(
        host,
        Array.from({ length: 40 }, (__, n) => askFor(host, n)),
        lanes,
      )
      expect(new Set(asked).size).toBe(40)
    },
  )

  it('fails where an answer is another than expected, has no end, or is none', async () => {
    const refusing = await serve((_, response) =>
      response.writeHead(500, { 'Content-Length': 4 }).end('oops'),
    )
    await expect(volley(refusing, [askFor(refusing, 1)], 1)).rejects.toThrow('answered 500')
    const endless = await serve((_, response) => response.end('chunked'.repeat(9)) && undefined)
    const chunked = await serve((_, response) => {
      response.write('in parts')
      response.end()
    })
    await expect(volley(endless, [askFor(endless, 1)], 1)).rejects.toThrow('answered 200')
    await expect(volley(chunked, [askFor(chunked, 1)], 1)).rejects.toThrow('does not tell its length')
    const silent = await serve((request) => request.socket.destroy())
    await expect(volley(silent, [askFor(silent, 1)], 1)).rejects.toThrow('without an answer')
  })
})

describe('the table', () => {
  /** Each answer of a rival takes so many milliseconds; ours of one kind takes longer. */
  const samplesOf = (rival: RivalName, ms: number): Sample[] =>
    MIXES.filter((mix) => rival === 'ours' || mix.startsWith('totp')).flatMap((mix) =>
      LANES.map((lanes) => ({
        rival,
        mix,
        lanes,
        answers: 100,
        seconds: (mix === 'sms wrong' ? 2 : 1) * ms * 0.1,
        serverCpu: 0.1,
        databaseCpu: 0.05,
        commits: 100,
      })),
    )
  const ours = [...samplesOf('ours', 2), ...samplesOf('floor', 1)]
  const cost = { roundTrips: 2, commits: 1 }

  it('sets right codes against right ones and wrong against wrong, and the lowest against the goal', () => {
    const { rows, data } = outcomeOf([...ours, ...samplesOf('privacyidea', 100)], cost)
    expect(data).toMatchObject({ vsFloor: 0.5, vsPrivacyIdea: 50, cpuMs: 1.5, cpuMsOfSidecar: 1, ...cost })
    expect(rows.find(({ what }) => what.startsWith('code of a text message'))).toMatchObject({
      figure: '0.25',
      met: false,
    })
    expect(rows.filter(({ met }) => met === false)).toHaveLength(1)
  })

  it('says why privacyIDEA is missing, and meets no goal by that', () => {
    const { rows, data } = outcomeOf(ours, cost, 'there is no Python')
    const row = rows.find(({ what }) => what.includes('privacyIDEA'))
    expect(row).toMatchObject({ figure: 'not measured: there is no Python' })
    expect(row).not.toHaveProperty('met')
    expect(data).not.toHaveProperty('vsPrivacyIdea')
  })
})
