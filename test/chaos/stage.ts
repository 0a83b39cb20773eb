import type { FakeRealm } from '../support/realm.ts'
import type { Proxy } from './proxy.ts'
import { startProxy } from './proxy.ts'
import { prepareRealm, settingsFor, startSidecar } from './sidecar.ts'
import type { Sidecar } from './sidecar.ts'

/** A request that is made while something is broken. */
export interface Ask {
  what: string
  /** `refused`: with 503 and words; `goes on`: as if nothing were; `answered`: one or the other, and nobody is let in. */
  must: 'refused' | 'goes on' | 'answered'
  ask(signal: AbortSignal): Promise<Response>
}

/** A sidecar, and what stands between it and a part of its world. */
export interface Stage {
  name: string
  proxy: Proxy
  sidecar(): Sidecar
  /** Whether its health has to say that it can't serve, but where its one question is answered, only late. */
  isDown: boolean
  /** What it writes in its log. */
  tells: RegExp
  /** Requests that are ready to be made, for a number of clients. Called while all is well. */
  prepare(clients: number): Promise<Ask[]>
  /** Does what the fault keeps from being done; throws or false where it is not done. */
  isWell(): Promise<boolean>
  stop(): Promise<void>
}

const keys = `k1:${Buffer.alloc(32, 7).toString('base64')}`

/** A sidecar for a stage, whose world is behind a proxy to `port`. */
export async function behindProxy(
  realm: FakeRealm,
  port: number,
  settings: (port: number) => {
    dbUrl: string
    more?: NodeJS.ProcessEnv
    realm?: Parameters<typeof prepareRealm>[1]
  },
): Promise<{ proxy: Proxy; sidecar: Sidecar }> {
  const proxy = await startProxy(port)
  const { dbUrl, more, realm: own } = settings(proxy.port)
  await prepareRealm(dbUrl, { enforcement: 'required', maxFailures: 20, ...own })
  const environment = await settingsFor({
    keycloakUrl: realm.keycloakUrl,
    dbUrl,
    keys,
    ...(more === undefined ? {} : { more }),
  })
  return { proxy, sidecar: await startSidecar(environment) }
}
