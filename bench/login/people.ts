import { argon2Sync, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { generateSecret } from 'otplib'
import type { RealmRepresentation } from '../../test/support/keycloak.ts'
import { codeFor } from '../../test/support/login.ts'

/** The group whose users must have a second factor. */
export const GROUP = 'second-factor'

/** One password for all: each login computes its hash all the same. */
export const PASSWORD = 'correct horse battery staple'

const STEP = 30_000

/** A user of one of the realms. */
export class Person {
  readonly id = randomUUID()
  readonly username = `user-${this.id}`
  readonly secret = generateSecret({ length: 20 })
  #spent = 0

  /** The oldest of the app's codes that both sides still take; each once. */
  async code(): Promise<string> {
    this.#spent = Math.max(this.#spent + 1, oldestStep())
    return await codeFor(this.secret, this.#spent * STEP)
  }

  /** Fulfilled once there is such a code: a step's is taken one step before and after it, and only once. */
  async hasCode(): Promise<void> {
    const from = this.#spent * STEP
    if (from > Date.now()) await pause(from - Date.now())
  }
}

/** The step before, unless it is about to be too old. */
function oldestStep(): number {
  return Math.floor((Date.now() + 5000) / STEP) - 1
}

/** People who log in one after the other, so that whoever comes has been away the longest. */
export class Queue {
  readonly people: readonly Person[]
  readonly #waiting: Person[]

  constructor(count: number) {
    this.people = Array.from({ length: count }, () => new Person())
    this.#waiting = [...this.people]
  }

  async next<T>(login: (person: Person) => Promise<T>): Promise<T> {
    const person = this.#waiting.shift()
    if (person === undefined) throw new Error('more log in at once than there are')
    await person.hasCode()
    try {
      return await login(person)
    } finally {
      this.#waiting.push(person)
    }
  }
}

type Users = NonNullable<RealmRepresentation['users']>

/**
 * People as a realm's import takes them, all with the password.
 * @param kind `otp` have Keycloak's own app; `grouped` are of the group
 */
export function usersOf(
  realm: string,
  people: readonly Person[],
  kind: { otp?: true; grouped?: true },
): Users {
  return people.map(({ id, username, secret }) => ({
    id,
    username,
    enabled: true,
    emailVerified: true,
    firstName: 'Test',
    lastName: 'User',
    email: `${username}@example.com`,
    realmRoles: [`default-roles-${realm}`],
    groups: kind.grouped === true ? [`/${GROUP}`] : [],
    credentials: [passwordCredential(), ...(kind.otp === true ? [otpCredential(secret)] : [])],
  }))
}

let password: ReturnType<typeof hashed> | undefined

function passwordCredential() {
  password ??= hashed()
  return password
}

/** The password as Keycloak's own default keeps it (argon2id), so that no import has to compute it for each user. */
function hashed() {
  const [memory, passes, parallelism, tagLength] = [7168, 5, 1, 32]
  const salt = randomBytes(16)
  const value = argon2Sync('argon2id', {
    message: PASSWORD,
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength,
  })
  const parameters = {
    hashLength: [String(tagLength)],
    memory: [String(memory)],
    type: ['id'],
    version: ['1.3'],
    parallelism: [String(parallelism)],
  }
  return {
    type: 'password',
    secretData: JSON.stringify({ value: value.toString('base64'), salt: salt.toString('base64') }),
    credentialData: JSON.stringify({
      hashIterations: passes,
      algorithm: 'argon2',
      additionalParameters: parameters,
    }),
  }
}

function otpCredential(secret: string) {
  const data = {
    subType: 'totp',
    digits: 6,
    counter: 0,
    period: STEP / 1000,
    algorithm: 'HmacSHA1',
    secretEncoding: 'BASE32',
  }
  return {
    type: 'otp',
    secretData: JSON.stringify({ value: secret }),
    credentialData: JSON.stringify(data),
  }
}
