import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'
import { locked } from '../../scripts/lib/lock.ts'
import { workFolder } from '../../scripts/lib/paths.ts'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts a real Chromium with an empty profile: the one that `LATCHKEY_TEST_CHROMIUM` names, else one on the PATH,
 * else the one from npm (Linux). The caller closes it.
 *
 * @throws Error that says what to install when there is none
 */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: flags })
}

async function findChromium(): Promise<string> {
  const named = process.env.LATCHKEY_TEST_CHROMIUM
  if (named) return named
  const installed = await firstOnPath(['chromium', 'chromium-browser', 'google-chrome'])
  if (installed !== undefined) return installed
  if (process.platform === 'linux') {
    // It unpacks itself on first use; a second test process would start the half-written file.
    return locked(join(workFolder, 'chromium.lock'), () => sparticuz.executablePath())
  }
  throw new Error('No Chromium was found: install one or name it in LATCHKEY_TEST_CHROMIUM.')
}

async function firstOnPath(names: string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name)
      const found = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (found) return file
    }
  }
  return undefined
}
