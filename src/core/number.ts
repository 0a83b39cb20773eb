import type { MethodId, Numbers, Registry } from './method.ts'
import type { Kit } from './login/step.ts'

/**
 * What a number is looked up by where it is kept sealed: a keyed hash under a key outside the database, with the key's id
 * (R5). It is the same for every user of a realm, since it is what one of them is found by.
 * @param number E.164
 */
export function numberLookup(
  realm: string,
  number: string,
  { mac }: Pick<Kit, 'mac'>,
  keyId?: string,
): string {
  const made = mac(JSON.stringify(['phone-number', realm, number]), keyId)
  return `${made.keyId}.${made.value}`
}

/** What a credential is found by, where its codes go to a number: part of what is written of it. */
export function lookupOf(
  realm: string,
  { method, data }: { method: MethodId; data: unknown },
  kit: Pick<Kit, 'mac' | 'registry'>,
): { lookup?: string } {
  const known = kit.registry.get(method)
  const number = known?.textsTo?.(known.read(data))
  return number === undefined ? {} : { lookup: numberLookup(realm, number, kit) }
}

/** The same under every key that there is: what was kept before the newest came is found, too. */
export function numberLookups(realm: string, number: string, kit: Pick<Kit, 'mac' | 'keyIds'>): string[] {
  return kit.keyIds.map((keyId) => numberLookup(realm, number, kit, keyId))
}

/** What Keycloak's attribute says, as E.164; undefined where it is absent or says something else. */
export function attributeNumber(text: string | undefined): string | undefined {
  const number = (text ?? '').replaceAll(/[\s().-]/g, '')
  return /^\+[1-9]\d{6,14}$/.test(number) ? number : undefined
}

/** How phone numbers are read; undefined in a build without a method that sends to them. */
export function numbersOf(registry: Registry): Numbers | undefined {
  return [...registry.values()].find(({ numbers }) => numbers !== undefined)?.numbers
}
