import type { KcAdminClient } from '../admin-session.ts'
import { PHONE } from '../setup/names.ts'

/**
 * Whether users can change this attribute of theirs as the realm's profile has it: then nobody vouches for a number in
 * it (R25).
 */
export async function usersCanChange(
  admin: KcAdminClient,
  realm: string,
  attribute: string,
): Promise<boolean> {
  const { attributes = [], unmanagedAttributePolicy } = await admin.users.getProfile({ realm })
  const declared = attributes.find(({ name }) => name === attribute)
  if (declared === undefined) return String(unmanagedAttributePolicy) === 'ENABLED'
  return declared.permissions?.edit?.includes('user') ?? false
}

/**
 * Puts a number into the attribute that Latchkey reads, where the user has none there. The user's other attributes stay.
 * @returns `kept` where there was one
 */
export async function copyPhone(
  admin: KcAdminClient,
  realm: string,
  { userId, phone }: { userId: string; phone: string },
): Promise<'copied' | 'kept' | 'failed'> {
  try {
    const user = await admin.users.findOne({ realm, id: userId })
    if (user === undefined) return 'failed'
    const attributes = (user.attributes ?? {}) as Record<string, string[]>
    if ((attributes[PHONE]?.[0] ?? '').trim() !== '') return 'kept'
    await admin.users.update(
      { realm, id: userId },
      { ...user, attributes: { ...attributes, [PHONE]: [phone] } },
    )
    return 'copied'
  } catch {
    // Read-only users of a directory, for example: they type their number at their first set-up.
    return 'failed'
  }
}
