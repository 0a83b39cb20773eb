const BYTES = 10
const LENGTH = (BYTES * 8) / 5
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A code that people write down: 80 random bits as sixteen letters and digits that are hard to confuse (Crockford's). */
export function newWrittenCode(random: (bytes: number) => Buffer): string {
  const bits = [...random(BYTES)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET.charAt(Number.parseInt(five, 2))).join('')
}

/** What was typed, as it was made; undefined where it can't be such a code. */
export function readWrittenCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return code.length === LENGTH ? code : undefined
}

/** In groups of four, as it is shown. */
export function inFours(code: string): string {
  return (code.match(/.{1,4}/g) ?? []).join('-')
}
