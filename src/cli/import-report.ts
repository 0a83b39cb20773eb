import type { Fate } from '../core/moving/moving.ts'
import type { Tally } from './import-run.ts'

const LEFT: Record<Exclude<Fate['result'], 'moved' | 'present'>, string> = {
  hotp: 'left: counter-based (HOTP)',
  malformed: 'left: not readable, or there twice',
  unsupported: 'left: other than SHA-1/256/512, 6 or 8 digits, 10 to 120 s',
  weak: 'left: a secret of fewer than 128 bits',
  'too-many': 'left: more than five of one user',
  removed: 'left: moved before and removed here since',
  gone: 'left: the user is gone from Keycloak',
}

/** The numbers of a run as a table, for a terminal. */
export function importReport(
  { users, unreadable, apps, removals, phones }: Tally,
  { dryRun, removes, phoneAttribute }: { dryRun: boolean; removes: boolean; phoneAttribute: string },
): string {
  const found = [...apps.values()].reduce((sum, number) => sum + number, 0)
  const of = <Key>(counts: ReadonlyMap<Key, number>, key: Key) => counts.get(key) ?? 0
  const moved = dryRun ? 'would be moved here' : 'moved here'
  const rows: [what: string, number: number][] = [
    ['users read', users],
    ['apps found', found],
    [moved, of(apps, 'moved')],
    ['here already', of(apps, 'present')],
    ...Object.entries(LEFT).flatMap(([result, what]): [string, number][] => {
      const number = of(apps, result as Fate['result'])
      return number === 0 ? [] : [[what, number]]
    }),
    ...(removes ? ([['removed from Keycloak', of(removals, 'removed')]] as [string, number][]) : []),
    ...shown('still in Keycloak, which would not remove it', of(removals, 'failed')),
    ...shown('users that could not be read', unreadable),
    ...shown(`numbers in ${phoneAttribute} that codes can go to`, of(phones, 'usable')),
    ...shown(`numbers in ${phoneAttribute} that codes cannot go to`, of(phones, 'unusable')),
    ...shown('numbers copied to phoneNumber', of(phones, 'copied')),
    ...shown('numbers not copied, since phoneNumber has one', of(phones, 'kept')),
    ...shown('numbers that Keycloak would not take', of(phones, 'failed')),
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  return rows.map(([what, number]) => `  ${what.padEnd(width)}  ${number}\n`).join('')
}

function shown(what: string, number: number): [string, number][] {
  return number === 0 ? [] : [[what, number]]
}
