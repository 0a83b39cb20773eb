import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run, ScriptError } from './run.ts'

const oldestJava = 17

/** The Java to run Keycloak with. */
export interface Java {
  /** The executable. */
  command: string
  /** The environment that makes `mvn` and `kc.sh` use the same Java. */
  env: { JAVA_HOME?: string; JAVA?: string }
  /** As Java gives it, for example `17.0.15`. */
  version: string
}

/**
 * Finds Java 17 or newer.
 *
 * @param javaHome a JDK's folder; otherwise `JAVA_HOME`, otherwise `java` on the PATH
 * @throws ScriptError that says what to install
 */
export async function findJava(javaHome = process.env.JAVA_HOME): Promise<Java> {
  const command = javaHome ? join(javaHome, 'bin', 'java') : 'java'
  const output = await run(command, ['-version'], { what: 'java -version' }).catch(() => undefined)
  const version = output?.match(/version "([^"]+)"/)?.[1]
  if (version === undefined || Number.parseInt(version, 10) < oldestJava) {
    throw new ScriptError(
      `Keycloak needs Java ${oldestJava} or newer; ` +
        (version === undefined ? `"${command}" was not found.` : `"${command}" is version ${version}.`) +
        '\nInstall a JDK (for example "apt install openjdk-17-jdk" or https://adoptium.net) ' +
        'and put it on the PATH or name it in JAVA_HOME.',
    )
  }
  return { command, env: javaHome ? { JAVA_HOME: javaHome, JAVA: command } : {}, version }
}

/**
 * Checks everything that the trial and the tests take from the machine.
 *
 * @throws ScriptError that names all that is missing, in one message
 */
export async function checkPrerequisites(): Promise<Java> {
  const missing: string[] = []
  const java = await findJava().catch((error: Error) => void missing.push(error.message))
  // A JRE runs Keycloak but can't compile the bridge.
  if (java && !(await hasCompiler(java))) {
    missing.push('The Java found has no compiler (javac): install a JDK, not a JRE.')
  }
  const maven = await run('mvn', ['-version'], { what: 'mvn -version' }).catch((error: Error) => error)
  if (maven instanceof Error && maven.message.includes('ENOENT')) {
    missing.push(
      'Maven (mvn) was not found. Install it, for example "apt install maven" or https://maven.apache.org.',
    )
  } else if (maven instanceof Error && java) {
    missing.push(maven.message)
  }
  if (process.platform === 'win32') missing.push('Keycloak is started by kc.sh: use WSL on Windows.')
  if (missing.length > 0 || !java) throw new ScriptError(missing.join('\n'))
  return java
}

async function hasCompiler(java: Java): Promise<boolean> {
  const home = java.env.JAVA_HOME
  if (home !== undefined) return existsSync(join(home, 'bin', 'javac'))
  return run('javac', ['-version'], { what: 'javac' }).then(
    () => true,
    () => false,
  )
}
