import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hash, hashFiles } from './hash.ts'
import { locked } from './lock.ts'
import { root, workFolder } from './paths.ts'
import { run } from './run.ts'

const folder = join(root, 'provider-config/bridge')

/** Where Maven leaves the bridge's JAR. */
export const bridgeJar = join(folder, 'target/latchkey-bridge.jar')

/**
 * Builds the bridge with Maven, without its tests unless asked. Nothing is done when neither the sources nor the JAR
 * changed since the last build, so that Keycloak needn't be built again either.
 *
 * @returns the JAR's path
 * @throws ScriptError with Maven's last lines
 */
export async function buildBridge(options: { tests?: boolean } = {}): Promise<string> {
  const stampFile = join(workFolder, 'bridge.stamp')
  return locked(join(workFolder, 'bridge.lock'), async () => {
    const sources = hashFiles(join(folder, 'pom.xml'), join(folder, 'src'))
    const stamp = () => hash(sources, hashFiles(bridgeJar))
    const last = await readFile(stampFile, 'utf8').catch(() => '')
    if (options.tests || !existsSync(bridgeJar) || last !== stamp()) {
      const skip = options.tests ? [] : ['-DskipTests']
      const args = ['-q', '-B', '-f', join(folder, 'pom.xml'), 'package', ...skip]
      await run('mvn', args, { what: 'Building the bridge with Maven' })
      await writeFile(stampFile, stamp())
    }
    return bridgeJar
  })
}
