import type { Because } from './policy.ts'
import type { Enforcement } from '../settings.ts'

/** The sentence that says why: the same in pages, API and audit (B1). */
export function explain(enforcement: Enforcement, because: Because): string {
  const word = { required: 'Required', optional: 'Optional', disabled: 'Disabled' }[enforcement]
  switch (because.rule) {
    case 'role':
      return `${word}, because the role ${because.role} always needs a second factor`
    case 'override': {
      const { instead } = because
      return `${word}, because an administrator set it for this user; without that: ${explain(instead.enforcement, instead.because)}${trusting(because.trusted)}`
    }
    case 'group':
      return `${word}, because of the rule for the group ${because.path}${waiting(because.grace)}${trusting(because.trusted)}`
    case 'realm':
      return `${word}, because it is the realm's default${waiting(because.grace)}${trusting(because.trusted)}`
    case 'level':
      return `${word}, and the application asked for level ${because.level}`
    case 'purpose':
      return `${word}, and a change of methods needs a proof`
  }
}

/** The end of a grace. */
function waiting(until: number | undefined): string {
  return until === undefined ? '' : `, and can be put off until ${minuteOf(until)}`
}

/** The end of the trust in a device. */
function trusting(until: number | undefined): string {
  return until === undefined ? '' : `; not asked, since this device is trusted until ${minuteOf(until)}`
}

/** In UTC. */
function minuteOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`
}
