import { prepareLogins, startLogins } from '../../test/support/login-stream.ts'
import type { LoginStream, Pace, Streamed } from '../../test/support/login-stream.ts'
import { percentile } from '../figures.ts'
import { cpuSeconds, cpuSecondsOfTree, residentBytes } from '../processes.ts'
import type { Server } from '../servers.ts'
import type { Site } from './site.ts'

/** Milliseconds that it takes to sign what Keycloak would sign for a login, about. */
const SIGNING = 1
/** Of the 60 s that a signed message lives, milliseconds that may have gone by when the first is used. */
const OLDEST = 40_000
/** Milliseconds between two looks at the memory. */
const LOOK = 250

/** Logins that were measured, and what they cost whom. */
export interface Played extends Streamed {
  /** What was measured, seconds. */
  seconds: number
  /** Seconds of processor time in that time. */
  cpu: { servers: number; database: number; generator: number; proxy: number }
  /** The most memory that each server had resident, bytes. */
  resident: number[]
}

/** Begins logins of new people. At a rate everything is signed before the first one, with the times at which it is used. */
export async function startPlay(
  site: Site,
  { pace, warmUp, seconds, most }: PlayOptions & { seconds: number | undefined },
): Promise<LoginStream> {
  const people = await site.addPeople(most)
  const begun = Date.now()
  const plan: Pace = 'rate' in pace ? { ...pace, startAt: begun + most * SIGNING } : pace
  const at = (i: number) => ('startAt' in plan ? plan.startAt + (i * 1000) / plan.rate : begun)
  const logins = await prepareLogins(site.realm, site.url, people, at)
  if (Date.now() - at(0) > OLDEST) throw new Error('signing took too long: what was signed is too old')
  return startLogins({
    url: site.url,
    realm: site.realm.name,
    clientId: site.realm.issuer,
    logins,
    pace: plan,
    warmUp,
    seconds,
  })
}
interface PlayOptions {
  pace: { rate: number } | { lanes: number }
  /** Seconds. */
  warmUp: number
  /** People, each of whom logs in once. */
  most: number
}

/** Plays logins and looks at what servers and database use meanwhile. */
export async function play(
  site: Site,
  servers: Server[],
  options: PlayOptions & { seconds: number },
): Promise<Played> {
  const stream = await startPlay(site, options)
  const used = () => ({
    servers: servers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    database: cpuSecondsOfTree(site.databasePid),
    generator: cpuSeconds(stream.pid),
    proxy: cpuSeconds(site.balancer.pid),
  })
  await stream.measuring
  const before = used()
  const resident = servers.map(() => 0)
  const looking = setInterval(() => {
    for (const [i, { pid }] of servers.entries()) resident[i] = Math.max(resident[i] ?? 0, residentBytes(pid))
  }, LOOK)
  await stream.measured
  const after = used()
  clearInterval(looking)
  const streamed = await stream.over
  const cpu = {
    servers: after.servers - before.servers,
    database: after.database - before.database,
    generator: after.generator - before.generator,
    proxy: after.proxy - before.proxy,
  }
  return { ...streamed, seconds: options.seconds, cpu, resident }
}

/** How many did not go through, with those that the proxy had to send twice or answer itself told in words. */
export function failed({ failures }: Streamed): number {
  return Object.values(failures).reduce((sum, times) => sum + times, 0)
}

/** "none", or how often what was answered. */
export function failuresInWords({ failures }: Streamed): string {
  const words = Object.entries(failures).map(([what, times]) => `${times} × ${what}`)
  return words.length === 0 ? 'none' : words.join(', ')
}

/** Milliseconds, to a tenth. */
export interface Spread {
  count: number
  p50: number
  p90: number
  p99: number
  max: number
  /** How many took so many whole milliseconds. */
  histogram: Record<string, number>
}

export function spreadOf(values: readonly number[]): Spread {
  const tenths = (value: number) => Math.round(value * 10) / 10
  const histogram: Record<string, number> = {}
  for (const value of values.toSorted((a, b) => a - b)) {
    const whole = String(Math.floor(value))
    histogram[whole] = (histogram[whole] ?? 0) + 1
  }
  return {
    count: values.length,
    p50: tenths(percentile(values, 50)),
    p90: tenths(percentile(values, 90)),
    p99: tenths(percentile(values, 99)),
    max: tenths(percentile(values, 100)),
    histogram,
  }
}
