import type { Addition } from '../../core/administration/new-user.ts'
import type { DestinationError } from '../../core/method.ts'
import { explain } from '../../core/policy/explain.ts'
import type { Decision } from '../../core/policy/policy.ts'
import { Problem, faulty } from './problem.ts'
import type { Fault } from './problem.ts'

/** What must be of a number that codes may go to, by what is wrong with it. */
export const PHONE_FAULTS: Record<DestinationError, string> = {
  'phone-missing': 'must be given',
  'phone-malformed': 'must be a phone number of the country',
  'phone-too-short': 'must be longer for its country',
  'phone-too-long': 'must be shorter for its country',
  'phone-not-mobile': 'must be the number of a mobile phone',
  'phone-country': 'must be of a country that text messages go to (smsCountries)',
}

/** The refusal of a user without a number whom the policy leaves nothing but text messages (S6). */
export function phoneNeeded({ enforcement, because }: Decision): Problem {
  const group = because.rule === 'group' ? because.path : undefined
  return faulty([
    {
      path: 'body.phone',
      message: `must be given: codes by text message are the only method that the policy leaves this user (${explain(enforcement, because)})`,
      ...(group === undefined ? { code: 'phone-needed' } : { code: 'phone-needed-by-group', about: group }),
    },
  ])
}

/** @throws Problem as Keycloak refused */
export function idOf(addition: Addition): string {
  switch (addition.result) {
    case 'added':
      return addition.id
    case 'forbidden':
      throw new Problem(
        'keycloak-forbids',
        'Keycloak does not let you add users: your account needs the role manage-users of its client realm-management',
      )
    case 'exists': {
      const { field } = addition
      const what = { username: 'this username', email: 'this e-mail address' }
      throw new Problem(
        'user-exists',
        `Keycloak has a user with ${field === undefined ? 'this username or e-mail address' : what[field]} already; if you have just sent this twice, the first has added them`,
        {
          extra: {
            errors: [{ path: `body.${field ?? 'username'}`, message: 'must not be taken', code: 'taken' }],
          },
        },
      )
    }
    case 'invalid':
      throw faulty(faultsOf(addition.faults))
    case 'unknown':
      throw new Problem(
        'unavailable',
        'Keycloak did not say whether it added the user: look for them before you try again',
      )
  }
}

const FIELDS: readonly string[] = ['username', 'email', 'firstName', 'lastName', 'phone']
/** Keycloak's words for what a profile wants; what else it says may hold what was typed. */
const RULES: Record<string, [code: string, message: string]> = {
  'error-user-attribute-required': ['required', 'must be given'],
  'error-invalid-blank': ['required', 'must be given'],
  'error-invalid-length': ['length', 'must have another length'],
  'error-invalid-length-too-short': ['length', 'must have another length'],
  'error-invalid-length-too-long': ['length', 'must have another length'],
  'error-invalid-email': ['email', 'must be an e-mail address'],
}

function faultsOf(faults: { field: string; rule: string }[]): Fault[] {
  const foreign = faults.find(({ field }) => !FIELDS.includes(field))
  if (faults.length === 0 || foreign !== undefined) {
    const named = /^[\w.-]{1,64}$/.exec(foreign?.field ?? '')?.[0]
    return [
      {
        path: 'body',
        message: `must have what the realm's user profile wants${named === undefined ? '' : ` (${named})`}: add this user in Keycloak's console`,
        code: 'profile',
        ...(named === undefined ? {} : { about: named }),
      },
    ]
  }
  return faults.map(({ field, rule }) => {
    const [code, message] = RULES[rule] ?? ['not-taken', "must be as the realm's user profile wants it"]
    return { path: `body.${field}`, message, code }
  })
}
