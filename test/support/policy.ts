import type { Enrolled, Rule } from '../../src/core/policy/policy.ts'
import type { Enforcement } from '../../src/core/settings.ts'
import { registry } from '../../src/methods/index.ts'
import { NOW, settingsOf } from './kit.ts'

export { registry }

/** Among them one that resists phishing, so that there is a choice. */
export const ALL = ['totp', 'passkey', 'backup-codes']
/** Milliseconds. */
export const DAY = 86_400_000

/** A login of a user of /field/north and /fieldwork, where nothing but the realm's default says anything. */
export const base = {
  settings: settingsOf({ methods: ALL }),
  rules: [] as Rule[],
  override: undefined,
  enrolled: [] as Enrolled[],
  claims: {
    groups: [
      { id: 'field', path: '/field' },
      { id: 'north', path: '/field/north' },
      { id: 'fieldwork', path: '/fieldwork' },
    ],
    roles: [],
    purpose: 'login' as const,
    level: 1,
  },
  registry,
  graceStarts: new Map<string, number>(),
  now: NOW,
}
export const rule = (groupId: string, enforcement: Enforcement, change: Partial<Rule> = {}): Rule => ({
  groupId,
  enforcement,
  priority: 0,
  ...change,
})
