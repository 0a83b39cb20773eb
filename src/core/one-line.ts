/** A name as one line: what would end a line, or move a terminal's cursor, becomes a blank. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** A UTF-16 code unit as JSON can write it (RFC 8259, 7): the same to who reads the JSON, and to nobody else. */
export function escapedInJson(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
