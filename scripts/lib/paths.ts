import { join, resolve } from 'node:path'

/** The repository's root folder. */
export const root = resolve(import.meta.dirname, '../..')

/** Everything that the scripts fetch, build or keep; git-ignored, safe to delete while nothing runs. */
export const workFolder = join(root, '.latchkey')

/** The realm of the trial and of the tests. */
export const demoRealmFile = join(root, 'provider-config/realm/demo.json')
