import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../../scripts/lib/paths.ts'
import { run } from '../../scripts/lib/run.ts'
import { failed, failuresInWords, spreadOf, startPlay } from '../load/play.ts'
import { startSite } from '../load/site.ts'
import type { Part } from '../part.ts'
import { bundle, startServer } from '../servers.ts'
import type { Server } from '../servers.ts'

/** What came with the migration that the older version does not have. */
const MIGRATION = 'src/adapters/store/migrations/0014-listing.ts'
/** Milliseconds between two looks of the proxy; a server that ends serves for longer. */
const PROBE_EVERY = 250
const QUICK = { rate: 8, between: 1_000 }
const WHOLE = { rate: 30, between: 5_000 }
/** Seconds that the upgrade may take at most: so long there are people who log in. */
const LONGEST = 120

/** Two servers of an older version, replaced one by one by this one and its migrations while people log in. */
export const upgrade: Part = async ({ quick, progress }) => {
  const older = await olderVersion()
  if (older === undefined) {
    const figure = 'not measured: the history in git does not reach back'
    return { rows: [{ what: 'logins lost in a rolling upgrade', figure, goal: 'none' }], data: {} }
  }
  const { rate, between } = quick ? QUICK : WHOLE
  await bundle()
  const site = await startSite(PROBE_EVERY)
  let servers: Server[] = []
  const started: Server[] = []
  const start = async (folder?: string) => {
    const server = await startServer({ ...site.environment, LATCHKEY_SHUTDOWN_DELAY: '2' }, folder)
    started.push(server)
    return server
  }
  try {
    progress(`two servers of ${older.commit}`)
    servers = [await start(older.folder), await start(older.folder)]
    await site.balancer.use(servers)
    const stream = await startPlay(site, {
      pace: { rate },
      warmUp: 0,
      seconds: undefined,
      most: rate * LONGEST,
    })
    await stream.measuring
    const ways: string[] = []
    for (const old of servers) {
      await pause(between)
      const next = await start()
      servers = [...servers, next]
      await site.balancer.use(servers)
      ways.push(`${stream.done()} logins when ${started.length - 2} of 2 were new`)
      progress(`${started.length - 2} of 2 servers are new`)
      await pause(between)
      servers = servers.filter((one) => one !== old)
      await old.stop()
      await site.balancer.use(servers)
    }
    stream.end()
    const streamed = await stream.over
    const { resent, lost } = site.balancer.told()
    return {
      rows: [
        {
          what: `logins lost while two servers of ${older.commit} became this version, ${rate} a second`,
          figure: `${failed(streamed) === 0 ? '0' : failuresInWords(streamed)} of ${streamed.done + failed(streamed)}`,
          goal: 'none',
          met: failed(streamed) === 0 && streamed.hadEnough,
        },
        {
          what: 'requests that the proxy sent twice, or lost',
          figure: `${resent}, ${lost}`,
          goal: '',
        },
      ],
      data: {
        from: older.commit,
        failed: streamed.failures,
        ways,
        proxy: { resent, lost },
        samples: spreadOf(streamed.samples.whole),
      },
      versions: { PostgreSQL: await site.version() },
    }
  } finally {
    await Promise.all(started.map((server) => server.stop()))
    await site.stop()
    older.remove()
  }
}

/** The version before the migration, out of git; undefined where it is not there. */
async function olderVersion(): Promise<{ commit: string; folder: string; remove(): void } | undefined> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: root, what: 'git' })).trim()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-older-'))
  try {
    const added = await git('log', '--diff-filter=A', '--format=%H', '--', MIGRATION)
    const commit = await git('rev-parse', '--short', `${added}^`)
    const archive = join(folder, 'older.tar')
    await git('archive', '--output', archive, commit, 'src', 'themes', 'package.json')
    await run('tar', ['-xf', archive, '-C', folder], { what: 'tar' })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    return { commit, folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  }
}
