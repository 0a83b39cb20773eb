import type { Check } from './check.ts'

/** The checks of the sidecar's own database. */
export const storeChecks: Check[] = [
  {
    id: 'database',
    title: 'the database can be read',
    admin: false,
    run: ({ store: { problem, pending } }) => {
      if (problem !== undefined) {
        return [
          {
            level: 'fault',
            what: `The database can't be read: ${problem}.`,
            why: 'Without it the server does not start.',
            mend: 'Correct LATCHKEY_DB_URL, or start the database.',
          },
        ]
      }
      if (pending !== undefined) return []
      return [
        {
          level: 'warning',
          what: 'There is no database file where LATCHKEY_DB_URL says, seen from this folder.',
          why: 'The server makes one when it starts; if it runs already, this command looks at the wrong place.',
          mend: 'Give this command the LATCHKEY_DB_URL of the server, with the whole path.',
        },
      ]
    },
  },
  {
    id: 'migration',
    title: 'the database is up to date',
    admin: false,
    run: ({ store: { pending = [] } }) =>
      pending.length === 0
        ? []
        : [
            {
              level: 'fault',
              what: `The database lacks ${pending.length === 1 ? 'the migration' : 'the migrations'} ${pending.join(', ')}.`,
              why: 'This version of the server keeps things there that the database has no place for.',
              mend: 'Restart the server with this version: it migrates when it starts.',
            },
          ],
  },
  {
    id: 'keys',
    title: 'every encryption key in use is configured',
    admin: false,
    run: ({ store: { lost } }) =>
      [...Map.groupBy(lost, ({ keyId }) => keyId)].map(([id, rows]) => ({
        level: rows.some(({ isNeeded }) => isNeeded) ? 'fault' : 'warning',
        what: `The key "${id}" is missing in LATCHKEY_ENCRYPTION_KEYS, and rows need it: ${rows.map((one) => `${one.rows} ${one.what}`).join(', ')}.`,
        why: "They can't be read or checked: users whose methods are among them can't sign in with those.",
        mend: `Put the key "${id}" back into LATCHKEY_ENCRYPTION_KEYS, after the first one. Where it is lost, docs/keys-and-backup.md says what to do for each kind.`,
      })),
  },
]
