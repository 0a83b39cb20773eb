import pg from 'pg'
import type { OwnPostgres } from '../../test/support/postgres.ts'
import { cpuSecondsOfTree } from '../processes.ts'
import { volley } from './client.ts'
import type { Mix, Rival } from './rival.ts'

/** One rival's answers of one kind in one round. */
export interface Sample {
  rival: RivalName
  mix: Mix
  /** Requests at once. */
  lanes: number
  answers: number
  seconds: number
  /** Processor time of the server's processes, and of PostgreSQL's beside them. */
  serverCpu: number
  databaseCpu: number
  /** Transactions that wrote. */
  commits: number
}

export type RivalName = 'ours' | 'floor' | 'privacyidea'

/** Watches a PostgreSQL while a rival answers. */
export interface Meter {
  measure(name: RivalName, rival: Rival, mix: Mix, lanes: number, answers: number): Promise<Sample>
  stop(): Promise<void>
}

export async function openMeter(postgres: OwnPostgres): Promise<Meter> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  const postmaster = await postgres.pid()

  /** The number that the next transaction gets which writes: those that only read get none. */
  async function nextTransaction(): Promise<number> {
    const { rows } = await client.query<{ n: string }>('select pg_snapshot_xmax(pg_current_snapshot()) as n')
    return Number(rows[0]?.n)
  }

  return {
    async measure(rivalName, rival, mix, lanes, answers) {
      const asks = await rival.asks(mix, answers, lanes)
      const before = await nextTransaction()
      const [server, database] = [cpuSecondsOfTree(rival.pid), cpuSecondsOfTree(postmaster)]
      const seconds = await volley(rival.host, asks, lanes)
      return {
        rival: rivalName,
        mix,
        lanes,
        answers,
        seconds,
        serverCpu: cpuSecondsOfTree(rival.pid) - server,
        databaseCpu: cpuSecondsOfTree(postmaster) - database,
        commits: (await nextTransaction()) - before,
      }
    },
    stop: async () => await client.end(),
  }
}
