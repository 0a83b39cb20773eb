import { spawn } from 'node:child_process'

/** A prerequisite is missing or a step failed; the message is written for the person at the terminal. */
export class ScriptError extends Error {
  override name = 'ScriptError'
}

interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** What the command is for, as in "… failed". */
  what: string
}

/**
 * Runs a command to its end.
 *
 * @returns what it wrote, standard output and error together
 * @throws ScriptError with the last lines of the output when the exit code isn't 0 or the command can't start
 */
export function run(command: string, args: string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const onExit = () => child.kill()
    process.once('exit', onExit)
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', (error) => reject(new ScriptError(`${options.what} failed: ${error.message}`)))
    child.on('close', (code) => {
      process.off('exit', onExit)
      if (code === 0) resolve(output)
      else reject(new ScriptError(`${options.what} failed (exit code ${code}):\n${tail(output)}`))
    })
  })
}

/** The last `lines` lines of a text, indented for a message. */
export function tail(text: string, lines = 25): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n')
}
