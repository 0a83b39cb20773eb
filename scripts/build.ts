import { buildBridge } from './lib/bridge.ts'
import { bundleSidecar } from './lib/bundle.ts'
import { checkPrerequisites } from './lib/prerequisites.ts'
import { progressPrinter, runScript } from './lib/terminal.ts'

// `npm run build`: the sidecar to dist/, the bridge to provider-config/bridge/target/latchkey-bridge.jar.
await runScript(async () => {
  const progress = progressPrinter()
  await checkPrerequisites()
  progress('Bundling the sidecar')
  await bundleSidecar()
  progress('Building the bridge')
  await buildBridge()
  progress('Built dist/ and provider-config/bridge/target/latchkey-bridge.jar')
})
