import { median } from '../figures.ts'
import { failed, failuresInWords, play, spreadOf } from '../load/play.ts'
import { startSite } from '../load/site.ts'
import type { Part } from '../part.ts'
import { startServer } from '../servers.ts'
import type { Server } from '../servers.ts'

const MOST_SERVERS = 3
/** Logins at a time: enough that no server waits for work. */
const LANES = 12
/** More whole challenges a second than come through anywhere; each takes a user of its own. */
const MOST_PER_SECOND = 200
const QUICK = { warmUp: 1, seconds: 3, rate: 15 }
const WHOLE = { warmUp: 5, seconds: 20, rate: 40 }

/** How much one, two and three servers on one PostgreSQL get through, and what a challenge costs on each. */
export const scale: Part = async ({ quick, progress }) => {
  const { warmUp, seconds, rate } = quick ? QUICK : WHOLE
  const site = await startSite()
  const servers: Server[] = []
  try {
    const measured = []
    while (servers.length < MOST_SERVERS) {
      servers.push(await startServer(site.environment))
      await site.balancer.use(servers)
      progress(`${servers.length} of ${MOST_SERVERS} servers`)
      const most = MOST_PER_SECOND * (warmUp + seconds)
      const full = await play(site, servers, { pace: { lanes: LANES }, warmUp, seconds, most })
      const steady = await play(site, servers, {
        pace: { rate },
        warmUp,
        seconds,
        most: rate * (warmUp + seconds),
      })
      const { samples, cpu } = full
      const through = samples.whole.length
      measured.push({
        servers: servers.length,
        perSecond: through / seconds,
        cpuMs: { servers: (cpu.servers / through) * 1000, database: (cpu.database / through) * 1000 },
        cores: Object.fromEntries(Object.entries(cpu).map(([who, used]) => [who, used / seconds])),
        failures: { full: full.failures, steady: steady.failures },
        failed: failed(full) + failed(steady),
        words: failuresInWords({ ...full, failures: { ...full.failures, ...steady.failures } }),
        hadEnough: full.hadEnough,
        atRate: { medianMs: median(steady.samples.whole), ...spreadOf(steady.samples.whole) },
        full: spreadOf(samples.whole),
      })
    }
    const told = site.balancer.told()
    return {
      rows: measured.flatMap((one) => {
        const name = `${one.servers} server${one.servers === 1 ? '' : 's'}`
        const { servers: own, database } = one.cpuMs
        return [
          {
            what: `${name}: whole challenges a second, ${LANES} at a time`,
            figure: `${one.perSecond.toFixed(1)}${one.hadEnough ? '' : ' (ran out of users)'}`,
            goal: '',
          },
          {
            what: `${name}: processor time of a challenge, servers + PostgreSQL`,
            figure: `${own.toFixed(1)} + ${database.toFixed(1)} ms`,
            goal: '',
          },
          {
            what: `${name}: whole challenge at ${rate} a second, p50 and p99`,
            figure: `${one.atRate.p50.toFixed(1)}, ${one.atRate.p99.toFixed(1)} ms`,
            goal: '',
          },
          {
            what: `${name}: failures, no session sticks to a server`,
            figure: one.failed === 0 ? '0' : one.words,
            goal: 'none',
            met: one.failed === 0,
          },
        ]
      }),
      data: {
        lanes: LANES,
        rate,
        seconds,
        proxy: { resent: told.resent, lost: told.lost },
        samples: measured,
      },
      versions: { PostgreSQL: await site.version() },
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await site.stop()
  }
}
