import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ScriptError, tail } from './run.ts'

/** What to start and where its output goes. */
export interface ChildOptions {
  /** For messages, for example "Keycloak". */
  name: string
  command: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Standard output and error; overwritten. */
  logFile: string
}

/** A server that was started and can be stopped. */
export interface Child {
  pid: number
  /** Fulfilled with a sentence and the log's tail when the process ends by itself; never when it was stopped. */
  died: Promise<string>
  /**
   * Polls an address until it answers 200.
   *
   * @param seconds how long to wait
   * @throws ScriptError with the log's tail when the process dies or the time is over; it is stopped then
   */
  answers(url: string, seconds: number): Promise<void>
  /** Ends the process and what it started: SIGTERM, after 20 s SIGKILL. Fulfilled when it is gone. */
  stop(): Promise<void>
}

const children = new Set<Child>()

/** Stops everything that this process started and that still runs, the last first. */
export async function stopChildren(): Promise<void> {
  for (const child of [...children].toReversed()) await child.stop()
}

/** Starts a server in a process group of its own: a Ctrl-C at the terminal is ours to pass on, in our order. */
export function startChild(options: ChildOptions): Child {
  const child = spawnLogged(options)
  const { pid } = child
  if (pid === undefined) throw new ScriptError(`${options.name} could not be started: ${options.command}`)
  let stopping = false
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const died = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      if (!stopping)
        resolve(`${options.name} ended by itself (${signal ?? `exit code ${code}`}).\n${logTail()}`)
    })
  })
  const logTail = () => `The end of ${options.logFile}:\n${tail(readFileSync(options.logFile, 'utf8'))}`
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-pid, name)
    } catch {
      // The group is gone already.
    }
  }
  // Whoever leaves without stop(), by an exception or process.exit, leaves no server behind.
  const onExit = () => signal('SIGKILL')
  process.once('exit', onExit)
  void gone.then(() => {
    process.off('exit', onExit)
    children.delete(self)
  })

  const stop = async () => {
    stopping = true
    signal('SIGTERM')
    const ended = await Promise.race([gone.then(() => true), pause(20_000, false, { ref: false })])
    if (!ended) signal('SIGKILL')
    await gone
  }

  const answers = async (url: string, seconds: number) => {
    const deadline = Date.now() + seconds * 1000
    let end: string | undefined
    void died.then((message) => (end = message))
    while (!(await isOk(url))) {
      if (end !== undefined) throw new ScriptError(end)
      if (stopping) throw new ScriptError(`${options.name} was stopped before it was ready.`)
      if (Date.now() > deadline) {
        await stop()
        throw new ScriptError(`${options.name} did not answer at ${url} within ${seconds} s.\n${logTail()}`)
      }
      await pause(100)
    }
  }
  const self: Child = { pid, died, answers, stop }
  children.add(self)
  return self
}

function spawnLogged(options: ChildOptions): ChildProcess {
  mkdirSync(dirname(options.logFile), { recursive: true })
  const log = openSync(options.logFile, 'w', 0o600)
  const { command, args, cwd, env } = options
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  // Without a listener a missing command would end this process; the missing pid tells as much.
  child.on('error', () => undefined)
  return child
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
