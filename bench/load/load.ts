import { ASKS } from '../../test/support/login-stream.ts'
import type { Ask } from '../../test/support/login-stream.ts'
import { against } from '../part.ts'
import type { Part, Row } from '../part.ts'
import { startServer } from '../servers.ts'
import { failed, failuresInWords, play, spreadOf } from './play.ts'
import type { Played } from './play.ts'
import { startSite } from './site.ts'

const SERVERS = 2
/**
 * Before anything is measured: seconds of a few logins at a time, since a server that was just started is slow, and what it
 * leaves undone then it would have to catch up with; then seconds of the same load.
 */
const WARM_UP = { lanes: 4, quick: { first: 4, then: 2 }, whole: { first: 20, then: 10 } }
/** More than can be done in a second of that. */
const MOST_PER_SECOND = 250
const QUICK = { rate: 30, seconds: 8 }
const WHOLE = { rate: 150, seconds: 60 }
/** Beside it: what the same machine does without trouble. */
const EASY = { rate: 90, seconds: 20 }
/** What is asked of each request at most, milliseconds at the 99th percentile. */
const P99 = 50
/** Processor cores of servers and database together. */
const CORES = 1.5
const MEBIBYTES = 200

const NAMES: Record<Ask | 'whole', string> = {
  push: 'push (PAR)',
  authorize: 'authorize',
  page: "the challenge's page",
  answer: 'the answer, with the right code',
  token: 'token',
  whole: 'the whole challenge',
}

/** Whole challenges at a fixed rate, on two servers and one PostgreSQL behind a proxy that knows no sessions. */
export const load: Part = async ({ quick, progress }) => {
  const { rate, seconds } = quick ? QUICK : WHOLE
  const { first, then: warmUp } = quick ? WARM_UP.quick : WARM_UP.whole
  const site = await startSite()
  try {
    progress(`starting ${SERVERS} servers`)
    const servers = [await startServer(site.environment), await startServer(site.environment)]
    try {
      await site.balancer.use(servers)
      progress(`warming up for ${first} s`)
      const begun = { pace: { lanes: WARM_UP.lanes }, warmUp: 0, seconds: first }
      await play(site, servers, { ...begun, most: first * MOST_PER_SECOND })
      progress(`${rate} whole challenges a second, for ${warmUp} s and then ${seconds} s`)
      const most = rate * (warmUp + seconds)
      const played = await play(site, servers, { pace: { rate }, warmUp, seconds, most })
      const easy = quick ? undefined : await play(site, servers, easily())
      const { cpu, resident, samples } = played
      const spreads = Object.fromEntries(
        Object.entries(samples).map(([name, values]) => [name, spreadOf(values)]),
      ) as Record<Ask | 'whole', ReturnType<typeof spreadOf>>
      const cores = (cpu.servers + cpu.database) / seconds
      const { resent, lost } = site.balancer.told()
      return {
        rows: [
          {
            what: `${rate} whole challenges a second for ${seconds} s: failures`,
            figure: failed(played) === 0 ? '0' : failuresInWords(played),
            goal: 'none',
            met: failed(played) === 0 && played.done === most,
          },
          { what: 'requests that the proxy sent twice, or lost', figure: `${resent}, ${lost}`, goal: '' },
          ...ASKS.map((ask) =>
            against(`p99 of ${NAMES[ask]}`, spreads[ask].p99, { most: P99 }, { unit: ' ms', digits: 1 }),
          ),
          inMs(`p99 of ${NAMES.whole}, five requests in a row`, spreads.whole.p99),
          inMs(`p50 of ${NAMES.whole}`, spreads.whole.p50),
          against('processor of servers and PostgreSQL', cores, { most: CORES }, { unit: ' cores' }),
          inCores('of it: the servers', cpu.servers / seconds),
          inCores('of it: PostgreSQL', cpu.database / seconds),
          inCores('beside it: what plays the logins', cpu.generator / seconds),
          inCores('beside it: the proxy', cpu.proxy / seconds),
          ...(easy === undefined ? [] : easyRows(easy)),
          ...resident.map((bytes, i) =>
            against(
              `most memory of server ${i + 1} under this load`,
              bytes / 2 ** 20,
              { most: MEBIBYTES },
              { unit: ' MiB', digits: 0 },
            ),
          ),
        ],
        data: {
          rate,
          seconds,
          failures: failed(played),
          failed: played.failures,
          p99Ms: Object.fromEntries(Object.entries(spreads).map(([name, { p99 }]) => [name, p99])),
          cores,
          cpuSeconds: cpu,
          residentBytes: resident,
          proxy: { resent, lost },
          ...(easy === undefined
            ? {}
            : { easy: { ...EASY, failed: easy.failures, p99Ms: worst(easy), cpuSeconds: easy.cpu } }),
          samples: spreads,
        },
        versions: { PostgreSQL: await site.version() },
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  } finally {
    await site.stop()
  }
}

const easily = () => ({
  pace: { rate: EASY.rate },
  warmUp: 5,
  seconds: EASY.seconds,
  most: EASY.rate * (5 + EASY.seconds),
})

/** The 99th percentile of the slowest of the five requests, milliseconds. */
const worst = ({ samples }: Played) => Math.max(...ASKS.map((ask) => spreadOf(samples[ask]).p99))

function easyRows(easy: Played): Row[] {
  const { rate, seconds } = EASY
  const at = `at ${rate} a second`
  return [
    { what: `${at}: failures`, figure: failuresInWords(easy), goal: '' },
    inMs(`${at}: p99 of the slowest request`, worst(easy)),
    inCores(`${at}: servers and PostgreSQL`, (easy.cpu.servers + easy.cpu.database) / seconds),
  ]
}

const inMs = (what: string, value: number): Row => ({ what, figure: `${value.toFixed(1)} ms`, goal: '' })
const inCores = (what: string, value: number): Row => ({
  what,
  figure: `${value.toFixed(2)} cores`,
  goal: '',
})
