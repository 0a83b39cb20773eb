import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { startOwnPostgres } from '../support/postgres.ts'
import type { OwnPostgres } from '../support/postgres.ts'

const TRIES = 100

/** A PostgreSQL whose processes can be killed as by a power switch. */
export interface KillablePostgres extends OwnPostgres {
  /** SIGKILL to the postmaster and to all that it started. */
  kill(): Promise<void>
}

export async function startKillablePostgres(): Promise<KillablePostgres> {
  const server = await startOwnPostgres()
  return {
    ...server,
    async kill() {
      const pid = await server.pid()
      for (const one of [pid, ...(await childrenOf(pid))]) {
        try {
          process.kill(one, 'SIGKILL')
        } catch {
          // Ended in between.
        }
      }
    },
    async start() {
      for (let tries = 1; ; tries++) {
        try {
          await server.start()
          return
        } catch (error) {
          // What it left in memory is in use until the last of the killed is gone.
          if (tries === TRIES) throw new Error('PostgreSQL did not start again', { cause: error })
          await pause(50)
        }
      }
    },
  }
}

/** Elsewhere than on Linux they end by themselves, once the postmaster is gone. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text
    .trim()
    .split(' ')
    .filter((one) => one !== '')
    .map(Number)
}
