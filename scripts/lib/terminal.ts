import { ScriptError } from './run.ts'

/**
 * Runs a script's main function and ends the process with what is left pending: exit code 0, or 1 after an exception.
 * A `ScriptError` is shown as its message, anything else with its stack.
 */
export async function runScript(main: () => Promise<void> | void): Promise<void> {
  try {
    await main()
    process.exit(0)
  } catch (error) {
    console.error(error instanceof ScriptError ? `\n${error.message}` : error)
    process.exit(1)
  }
}

/** Prints progress lines with the seconds since the start. */
export function progressPrinter(): (line: string) => void {
  const start = performance.now()
  return (line) => console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}`)
}

/**
 * A port from the environment.
 *
 * @throws ScriptError when the variable is no port
 */
export function portSetting(name: string, usual: number): number {
  const value = process.env[name]
  if (value === undefined || value === '') return usual
  const port = Number(value)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new ScriptError(`${name} is "${value}": it must be a port, 1 to 65535.`)
}
