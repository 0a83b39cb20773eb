/** A pattern that finds this text anywhere, its own wildcards taken literally; for LIKE … ESCAPE '\'. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`
}

/**
 * Patterns that find a text in `lower(…)` whatever its case. SQLite, and PostgreSQL in the C locale, lower the letters
 * of ASCII alone: the others are looked for as they were typed, small, great, and as names have them.
 */
export function searchPatterns(text: string): string[] {
  const named = text.toLowerCase().replace(/(^|\P{L})(\p{L})/gu, (found) => found.toUpperCase())
  const forms = [text.toLowerCase(), text, text.toUpperCase(), named]
  const lowered = forms.map((form) => form.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
  return [...new Set(lowered)].map(likePattern)
}
