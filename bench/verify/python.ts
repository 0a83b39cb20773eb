import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib/paths.ts'
import { ScriptError, run } from '../../scripts/lib/run.ts'

const LIST = join(import.meta.dirname, 'requirements.txt')
const NAME = 'privacyidea-3.14'
const ENOUGH = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))'

/** Where a virtual environment is with all that `requirements.txt` names, or why there is none. */
export type Python = { bin: string } | { missing: string }

/**
 * Gives the virtual environment with privacyIDEA, which is kept for further runs, and makes it where it is missing.
 * @param make false: one that is there already, or none
 */
export async function privacyideaPython(make: boolean): Promise<Python> {
  const folder = join(root, 'node_modules/.cache/latchkey-bench', NAME)
  const bin = join(folder, 'bin')
  // Written last, so it tells that the rest is whole.
  const sign = join(bin, 'gunicorn')
  if (existsSync(sign)) return { bin }
  if (!make) return { missing: 'a quick run does not install it, and it was not installed before' }
  try {
    await run('python3', ['-c', ENOUGH], { what: 'python3' })
  } catch {
    return { missing: 'it needs Python 3.9 or newer with venv' }
  }
  try {
    rmSync(folder, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', folder], { what: 'python3 -m venv' })
    const pip = [
      join(bin, 'python'),
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
    ] as const
    await run(pip[0], [...pip.slice(1), '--no-deps', '-r', LIST], { what: 'pip install' })
    return { bin }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    if (error instanceof ScriptError) return { missing: error.message.split('\n', 1)[0] ?? '' }
    throw error
  }
}
