import { join } from 'node:path'
import { buildBridge } from './lib/bridge.ts'
import { root } from './lib/paths.ts'
import { checkPrerequisites } from './lib/prerequisites.ts'
import { run } from './lib/run.ts'
import { progressPrinter, runScript } from './lib/terminal.ts'

// `npm run build`: the sidecar to dist/, the bridge to provider-config/bridge/target/latchkey-bridge.jar.
await runScript(async () => {
  const progress = progressPrinter()
  await checkPrerequisites()
  progress('Compiling the sidecar')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { cwd: root, what: 'tsc' })
  progress('Building the bridge')
  await buildBridge()
  progress('Built dist/ and provider-config/bridge/target/latchkey-bridge.jar')
})
