import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A server as a proxy knows it: where requests go, and where its health is. */
export interface Behind {
  url: string
  managementUrl: string
}

/** What the process of a balancer says whenever it changes. */
export interface Told {
  port: number
  /** The addresses of those that requests go to. */
  ready: string[]
  /** Requests that were sent again to another server, since a connection gave no byte of an answer. */
  resent: number
  /** Requests that were answered with 502 by the balancer itself. */
  lost: number
}

/** A plain HTTP proxy before servers, in a process of its own: each request to the next one, no session sticks to any. */
export interface Balancer {
  url: string
  pid: number
  told(): Told
  /** From now on these are the servers; those whose health says so get requests. Fulfilled once all of them do, and no others. */
  use(servers: Behind[]): Promise<void>
  /** Fulfilled once a server gets no more requests. */
  without(server: Behind): Promise<void>
  stop(): Promise<void>
}

/** Milliseconds until a server has to be told apart by its health. */
const LONGEST = 60_000

/** @param probeEvery milliseconds between two looks at the servers' health */
export async function startBalancer(probeEvery: number): Promise<Balancer> {
  const child = fork(new URL('balancer-process.ts', import.meta.url), [String(probeEvery)], { execArgv: [] })
  const [first] = (await once(child, 'message')) as [Told]
  let told = first
  const waiting = new Set<() => void>()
  child.on('message', (next: Told) => {
    told = next
    for (const look of waiting) look()
  })
  const until = async (isSo: () => boolean) => {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`after ${LONGEST} ms: ${JSON.stringify(told)}`)),
        LONGEST,
      )
      const look = () => {
        if (!isSo()) return
        waiting.delete(look)
        clearTimeout(late)
        resolve()
      }
      waiting.add(look)
      look()
    })
  }
  return {
    url: `http://127.0.0.1:${first.port}`,
    pid: Number(child.pid),
    told: () => told,
    async use(servers) {
      child.send(servers)
      const urls = servers.map(({ url }) => url)
      await until(() => told.ready.join() === urls.join())
    },
    without: async ({ url }) => await until(() => !told.ready.includes(url)),
    async stop() {
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}
