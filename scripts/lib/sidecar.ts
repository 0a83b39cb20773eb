import { type Child, startChild } from './child.ts'
import { root } from './paths.ts'

/** How to start a sidecar on this machine. */
export interface SidecarOptions {
  port: number
  /** Health and metrics. */
  managementPort: number
  dbUrl: string
  keycloakUrl: string
  realm: string
  /** A file that holds `<id>:<base64 of 32 bytes>`. */
  encryptionKeysFile: string
  /** Its output; overwritten. */
  logFile: string
}

/**
 * Starts the sidecar on 127.0.0.1 and waits until it is ready.
 *
 * @throws ScriptError with the log's tail when it dies first or is not ready within 60 s
 */
export async function startSidecar(options: SidecarOptions): Promise<Child> {
  const child = startChild({
    name: 'The sidecar',
    command: process.execPath,
    args: ['src/cli.ts', 'serve'],
    cwd: root,
    env: { ...withoutOwn(process.env), ...settings(options) },
    logFile: options.logFile,
  })
  await child.answers(`http://127.0.0.1:${options.managementPort}/health/ready`, 60)
  return child
}

function settings(options: SidecarOptions): NodeJS.ProcessEnv {
  return {
    LATCHKEY_HOSTNAME: `http://localhost:${options.port}`,
    LATCHKEY_HTTP_HOST: '127.0.0.1',
    LATCHKEY_HTTP_PORT: String(options.port),
    LATCHKEY_MANAGEMENT_PORT: String(options.managementPort),
    LATCHKEY_DB_URL: options.dbUrl,
    LATCHKEY_KEYCLOAK_URL: options.keycloakUrl,
    LATCHKEY_REALMS: options.realm,
    LATCHKEY_ENCRYPTION_KEYS_FILE: options.encryptionKeysFile,
    LATCHKEY_DELIVERY: 'inbox',
    LATCHKEY_LOG_FORMAT: 'json',
  }
}

/** A setting left in the shell, such as LATCHKEY_ENCRYPTION_KEYS beside our _FILE, would contradict ours. */
function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LATCHKEY_')))
}
