import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { JSONParser } from '@streamparser/json'
import { z } from 'zod'
import type { ForeignUser } from '../../../core/moving/moving.ts'
import { readUser } from './read-user.ts'
import type { Reading } from './read-user.ts'

const serviceAccount = z.object({ serviceAccountClientId: z.string() })

/**
 * Reads the users of a realm's export, a file or a folder of them (`kc.sh export --file` or `--dir`), in pieces: memory
 * does not grow with their number. Undefined stands for a user that can't be read.
 * @throws Error where it is no whole export of this realm
 */
export async function* readExport(
  path: string,
  reading: Reading,
): AsyncGenerator<ForeignUser | undefined, void> {
  let people = 0
  let credentials = false
  for (const file of await filesOf(path, reading.realm)) {
    for await (const raw of usersIn(file, reading.realm)) {
      if (serviceAccount.safeParse(raw).success) continue
      const user = readUser(raw, reading)
      people++
      credentials ||= user?.hasCredentials === true
      yield user
    }
  }
  if (people > 0 && credentials) return
  const what = people === 0 ? 'no users' : 'users without any credentials'
  throw new Error(
    `the export has ${what}: a partial export of the admin console carries none. Export with kc.sh export --realm ${reading.realm} --file <file>, while Keycloak is stopped or on a copy of its database`,
  )
}

/**
 * As `readExport`, once the whole export was read and found to be one: of a file that is cut off nothing comes along, not
 * even what stands before the cut.
 * @throws Error as `readExport`, before the first user
 */
export async function* readWholeExport(
  path: string,
  reading: Reading,
): AsyncGenerator<ForeignUser | undefined, void> {
  for await (const _ of readExport(path, reading));
  yield* readExport(path, reading)
}

/** The files with users: the one, or those that Keycloak writes into a folder. */
async function filesOf(path: string, realm: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const numbers = new Intl.Collator('en', { numeric: true })
  const ours = (await readdir(path)).filter(
    (name) =>
      name === `${realm}-realm.json` ||
      (name.startsWith(`${realm}-`) && /^(federated-)?users-\d+\.json$/.test(name.slice(realm.length + 1))),
  )
  if (ours.length === 0) throw new Error(`the folder ${path} has no export of the realm ${realm}`)
  return ours.toSorted(numbers.compare).map((name) => join(path, name))
}

async function* usersIn(file: string, realm: string): AsyncGenerator<unknown, void> {
  const name = basename(file)
  let named: unknown
  let users: unknown[] = []
  let fault: string | undefined
  const parser = new JSONParser({
    paths: ['$.realm', '$.users.*', '$.federatedUsers.*'],
    keepStack: false,
    stringBufferSize: 64 * 1024,
  })
  parser.onValue = ({ value, key, stack }) => {
    if (stack.length > 1) users.push(value)
    else if (key === 'realm') named = value
    if (named === undefined) fault ??= `${name} is no export of a realm: it does not name one`
    else if (named !== realm) {
      fault ??= `${name} is an export of the realm ${JSON.stringify(named)}, not of ${realm}`
    }
  }
  parser.onError = () => {
    // The parser's own words may quote what stands there, a secret for example.
    fault ??= `${name} is not JSON`
  }
  for await (const chunk of createReadStream(file, { highWaterMark: 64 * 1024 })) {
    parser.write(chunk as Buffer)
    if (fault !== undefined) throw new Error(fault)
    yield* users
    users = []
  }
  if (!parser.isEnded) throw new Error(`${name} ends in the middle: it is not the whole export`)
  if (named === undefined) throw new Error(`${name} is no export of a realm: it does not name one`)
}
