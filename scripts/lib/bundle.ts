import { join } from 'node:path'
import { root } from './paths.ts'
import { run } from './run.ts'

/** Bundles the sidecar, as the image does, into a folder that holds nothing else afterwards. */
export async function bundleSidecar(folder = join(root, 'dist')): Promise<void> {
  const rolldown = join(root, 'node_modules/rolldown/bin/cli.mjs')
  await run(process.execPath, [rolldown, '--config', 'rolldown.config.ts', '--dir', folder], {
    cwd: root,
    what: 'rolldown',
  })
}
