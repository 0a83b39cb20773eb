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
      return `${word}, because an administrator set it for this user; without that: ${explain(instead.enforcement, instead.because)}`
    }
    case 'group':
      return `${word}, because of the rule for the group ${because.path}${waiting(because.grace)}`
    case 'realm':
      return `${word}, because it is the realm's default${waiting(because.grace)}`
    case 'level':
      return `${word}, and the application asked for level ${because.level}`
    case 'purpose':
      return `${word}, and a change of methods needs a proof`
  }
}

/** The end of a grace, in UTC to the minute. */
function waiting(until: number | undefined): string {
  if (until === undefined) return ''
  return `, and can be put off until ${new Date(until).toISOString().slice(0, 16)}Z`
}
