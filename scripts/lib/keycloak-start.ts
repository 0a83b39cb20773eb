import { cp, mkdir, mkdtemp } from 'node:fs/promises'
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import type { Java } from './prerequisites.ts'

/** A built Keycloak that can be started in seconds; made by `prepareKeycloak`. */
export interface PreparedKeycloak {
  version: string
  /** The folder that holds `bin/kc.sh`; any number of instances share it. */
  home: string
  java: Java
  /** The archive of loaded classes (AppCDS) in `home`, a file name; absent where the JVM could not make one. */
  archive?: string
  /** A folder with the database of a Keycloak that imported the realm: copied, never opened. */
  seed: string
  /** The name of the imported realm. */
  realm: string
}

/** How to start a prepared Keycloak. */
export interface StartOptions {
  prepared: PreparedKeycloak
  /** The http port on 127.0.0.1. */
  port: number
  /** The database's folder, kept; begun from the seed where it is missing. Absent: a fresh copy, removed by `stop`. */
  dataDir?: string
  /** Where Keycloak reaches the sidecar, the bridge's `url`. */
  sidecarUrl: string
  /** The bridge's time-out for one call to the sidecar, in milliseconds; absent: the bridge's default. */
  sidecarTimeout?: number
  /** Keycloak's output; overwritten. */
  logFile: string
  /** The one public URL, for example `http://localhost:8080`. Absent: each request's own host is taken. */
  hostname?: string
  /** More arguments for `kc.sh start`. */
  args?: string[]
  /** More flags for the JVM. */
  jvm?: string[]
}

/** A Keycloak that answers. */
export interface RunningKeycloak {
  /** For example `http://localhost:8080`, without a slash at the end. */
  url: string
  /** The process to signal; its group is the same number. */
  pid: number
  /** Fulfilled with what happened when it ends by itself; never after `stop`. */
  died: Promise<string>
  /** Ends it with SIGTERM and waits until it is gone. */
  stop(): Promise<void>
}

/**
 * Starts Keycloak in production mode, without a cluster, on plain http and 127.0.0.1 only, and waits until its realm
 * answers. Its first administrator is `admin`/`admin`.
 *
 * @throws ScriptError with the log's tail when it dies first or does not answer within two minutes
 */
export async function startKeycloak(options: StartOptions): Promise<RunningKeycloak> {
  const { prepared, port } = options
  const fresh = options.dataDir === undefined
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'latchkey-keycloak-')))
  await fillFromSeed(dataDir, prepared.seed)
  const child = launch(options, dataDir)
  const removeData = () => {
    if (fresh) rmSync(dataDir, { recursive: true, force: true })
  }
  // An interrupted test run leaves by process.exit, without stop().
  process.once('exit', removeData)
  const stop = async () => {
    await child.stop()
    process.off('exit', removeData)
    removeData()
  }
  try {
    await child.answers(`http://127.0.0.1:${port}/realms/${encodeURIComponent(prepared.realm)}`, 120)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: options.hostname ?? `http://localhost:${port}`, pid: child.pid, died: child.died, stop }
}

async function fillFromSeed(dataDir: string, seed: string): Promise<void> {
  if (existsSync(join(dataDir, 'keycloakdb.mv.db')) || !existsSync(seed)) return
  await mkdir(dataDir, { recursive: true })
  await cp(seed, dataDir, { recursive: true })
}

function launch(options: StartOptions, dataDir: string): Child {
  const { prepared, port, logFile } = options
  const archive = prepared.archive === undefined ? [] : [`-XX:SharedArchiveFile=${prepared.archive}`]
  return startChild({
    name: `Keycloak ${prepared.version}`,
    command: join(prepared.home, 'bin', 'kc.sh'),
    args: [
      'start',
      '--optimized',
      '--cache=local',
      '--http-enabled=true',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      options.hostname === undefined ? '--hostname-strict=false' : `--hostname=${options.hostname}`,
      `--db-url=jdbc:h2:file:${dataDir}/keycloakdb;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`,
      `--spi-authenticator--latchkey--url=${options.sidecarUrl}`,
      ...(options.sidecarTimeout === undefined
        ? []
        : [`--spi-authenticator--latchkey--timeout=${options.sidecarTimeout}`]),
      ...(options.args ?? []),
    ],
    // The JVM finds the archive by a bare name here: no path with a space reaches kc.sh's word splitting.
    cwd: prepared.home,
    env: {
      ...keycloakEnvironment(prepared.java),
      // The first compiler alone: a server that lives for minutes never earns back the second one's work.
      JAVA_OPTS_APPEND: ['-XX:TieredStopAtLevel=1', ...archive, ...(options.jvm ?? [])].join(' '),
    },
    logFile,
  })
}

/** This process's environment without what would change Keycloak behind our back, and with its first administrator. */
export function keycloakEnvironment(java: Java): NodeJS.ProcessEnv {
  const foreign = /^(KC_|KEYCLOAK_|JAVA(_|$)|JDK_JAVA_OPTIONS$|QUARKUS_|DEBUG)/
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return {
    ...Object.fromEntries(own),
    ...java.env,
    // Read only while the database is empty, which is when the seed is made.
    KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
    KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin',
  }
}
