/** A name as one line: what would end a line, or move a terminal's cursor, becomes a blank. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
