import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readWholeExport } from '../../src/adapters/keycloak/moving/export-file.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createMovingStore } from '../../src/adapters/store/moving-store.ts'
import { moveIn } from '../../src/cli/import-run.ts'
import { latchkey } from '../support/cli.ts'
import { otpOf, PASSWORD, writeBigExport } from '../support/moving.ts'
import { PLACES, newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NOW = 1_800_000_000_000
const SECRET = 'abcdefghij0123456789'
const key = newKey()
const reading = { realm: 'acme', phoneAttribute: 'mobile', now: NOW }
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-input-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const put = (content: unknown) => {
  const path = join(folder, 'any.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Text that databases and pages stumble over. */
const odd = fc.oneof(
  fc.constantFrom(
    '', '\0', 'a\0b', '\ud800', 'x\udfff', '__proto__', "'; drop table credential; --", '\u2028', '\u001b[31m',
    '=cmd|x', 'x'.repeat(300), '😀'.repeat(40), '\u202eabc', '[]', '{}', 'null',
  ), // prettier-ignore
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -1, 0.5, 1e300, -1e300, 2 ** 53, -(2 ** 53), 8.64e15 + 1),
)
const anything = fc.oneof(odd, number, fc.boolean(), fc.constant(null), fc.array(odd, { maxLength: 2 }))
const app = fc
  .tuple(odd, fc.uuid(), fc.dictionary(fc.constantFrom('digits', 'period', 'algorithm', 'subType'), anything))
  .chain(([value, id, change]) =>
    fc
      .record(
        {
          id: anything,
          userLabel: anything,
          createdDate: anything,
          secretData: anything,
          credentialData: anything,
        },
        { requiredKeys: [] },
      )
      .map((more) => ({ ...otpOf(id, value.length < 16 ? SECRET : value, change), ...more })),
  )
const user = fc.record(
  {
    id: fc.oneof({ weight: 3, arbitrary: fc.uuid() }, { weight: 1, arbitrary: anything }),
    credentials: fc.oneof(fc.array(fc.oneof(app, anything), { maxLength: 4 }), anything),
    attributes: fc.oneof(fc.dictionary(fc.constantFrom('mobile', '__proto__', 'x'), anything), anything),
  },
  { requiredKeys: ['id'] },
)

describe.each(PLACES)('an export whose users are mangled, on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  it('moves in what can be read, and counts the rest; nothing of it stops the run (P22)', async () => {
    const store = createMovingStore(database, createSealer([key]))
    const whole = { id: 'whole', credentials: [PASSWORD, otpOf('whole-otp', SECRET)] }
    let moved = 0
    await fc.assert(
      fc.asyncProperty(fc.array(user, { maxLength: 8 }), async (users) => {
        const path = put({ realm: 'acme', users: [...users, whole] })
        const tally = await moveIn({
          realm: 'acme',
          users: readWholeExport(path, reading),
          store,
          dryRun: false,
          clock: () => NOW,
          readPhone: () => undefined,
        })
        expect(tally.users).toBe(users.length + 1)
        moved += tally.apps.get('moved') ?? 0
      }),
      {
        numRuns: 40,
        examples: [
          [[{ id: 'a\0b', credentials: [otpOf('x1', SECRET)] }]],
          [[{ id: 'half', credentials: [otpOf('x\ud800', SECRET)] }]],
          [[{ id: 'nul', credentials: [otpOf('x\0', SECRET)] }]],
          [[{ id: 'date', credentials: [{ ...otpOf('x2', SECRET), createdDate: 0.5 }] }]],
          [[{ id: 'huge', credentials: [{ ...otpOf('x3', SECRET), createdDate: -1e300 }] }]],
        ],
      },
    )
    expect(moved).toBeGreaterThan(2)
    const rows = await database.db.selectFrom('credential').select(['created_at', 'label']).execute()
    for (const { created_at: at, label } of rows) {
      expect(() => new Date(at).toISOString()).not.toThrow()
      expect(label ?? '').not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    }
  })
})

describe('an export that is no whole one', () => {
  it.each<[string, (whole: string) => string, string]>([
    ['is cut off behind 250 users', (whole) => whole.slice(0, -2_000), 'ends in the middle'],
    [
      'names another realm at its end',
      (whole) => `${whole.slice(0, -1)},"realm":"other"}`,
      'the realm "other"',
    ],
    ['has a byte too much', (whole) => `${whole.slice(0, -1)}}}`, 'is not JSON'],
    [
      'is nested 200,000 deep',
      (whole) => `${whole.slice(0, -1)},"x":${'['.repeat(200_000)}`,
      'ends in the middle',
    ],
  ])(
    'and %s moves nobody in, and says so in one line (P22)',
    { timeout: 60_000 },
    async (_, mangle, message) => {
      const path = join(folder, 'big.json')
      await writeBigExport(path, 'acme', 300)
      writeFileSync(path, mangle(readFileSync(path, 'utf8')))
      const place = sqlitePlace()
      const { code, err } = await latchkey(
        { dbUrl: place.url, keys: [key], realm: 'acme' },
        'import',
        '--from',
        path,
      )
      expect(err).toMatch(/^latchkey: [^\n]*\n$/)
      expect(err).toContain(message)
      expect(err).not.toContain(SECRET)
      expect(code).toBe(1)
      const database = await openDatabase(place.url)
      expect(await database.db.selectFrom('credential').selectAll().execute()).toEqual([])
      await database.close()
      await place.drop()
    },
  )
})
