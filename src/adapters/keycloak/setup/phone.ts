import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { UserProfileConfig } from './representations.ts'
import { PHONE } from './names.ts'
import type { PhoneAttribute } from './step.ts'

type Attribute = Record<string, unknown> & { permissions?: { view?: string[]; edit?: string[] } }

/** The phone's attribute as it should be: what is there, and only administrators change it (R25). */
export function phoneAttribute(now: object | undefined, required: boolean): PhoneAttribute {
  const before = now as Attribute | undefined
  const view = before?.permissions?.view ?? ['admin', 'user']
  return {
    name: PHONE,
    displayName: `\${${PHONE}}`,
    multivalued: false,
    validations: {
      pattern: { pattern: '^\\+[1-9][0-9]{6,14}$', 'error-message': `\${${PHONE}Invalid}` },
    },
    ...before,
    permissions: { view, edit: ['admin'] },
    ...(required ? { required: { roles: ['admin'] } } : {}),
  }
}

/** Whether an attribute is that one already. */
export function sameAttribute(now: object, wanted: PhoneAttribute): boolean {
  return isDeepStrictEqual({ ...now }, { ...wanted })
}

/** Whether users can change it by themselves, which would let a password alone choose where codes go. */
export function editableByUsers(now: object | undefined, policy: string | undefined): boolean {
  if (now === undefined) return policy === 'ENABLED'
  return (now as Attribute).permissions?.edit?.includes('user') ?? false
}

/** Tells whether a profile is still the one that was seen, without keeping it. */
export function fingerprint({ attributes, groups, unmanagedAttributePolicy }: UserProfileConfig): string {
  return createHash('sha256')
    .update(JSON.stringify([attributes, groups, unmanagedAttributePolicy]))
    .digest('base64url')
}
