import { existsSync, readFileSync } from 'node:fs'

/** Counts what the sidecar asks Keycloak for, by Keycloak's own access log. */
export interface Calls {
  /** What Keycloak is started with for it. */
  args: string[]
  /** The sidecar's calls since Keycloak started: of the Admin API, and tokens. */
  soFar(): { admin: number; tokens: number }
}

/** Only the sidecar says this of itself; `bare.ts` says BENCH, and neither says what Keycloak's bridge says. */
export const BENCH = 'latchkey-bench'

export function countCalls(logFile: string): Calls {
  return {
    args: ['--http-access-log-enabled=true', '--http-access-log-pattern=called %m %U by %{i,User-Agent}'],
    soFar() {
      const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''
      const ours = lines.match(/called .* by node$/gm) ?? []
      return {
        admin: ours.filter((line) => line.includes('/admin/realms/')).length,
        tokens: ours.filter((line) => line.includes('/token ')).length,
      }
    },
  }
}
