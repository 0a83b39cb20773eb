import { z } from 'zod'

/** What a text may name: the code, the realm, and the minutes that the code is good for. */
const PLACEHOLDER = /\{(code|realm|minutes)\}/g

/** A language tag as browsers and Keycloak write it (BCP 47): `de`, `pt-BR`, `zh-Hans`. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/

const MAX_LANGUAGES = 50

/**
 * Text messages by language. They are an administrator's words and not a template: fixed placeholders are filled in,
 * nothing is run. The line that binds a code to the sidecar's host comes after them and is not theirs to write.
 */
export const smsTexts = z
  .record(
    z.string().regex(LANGUAGE),
    z
      .string()
      .max(300)
      // Line ends that are no control characters count, too.
      .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must be one line without control characters')
      .refine((text) => text.split('{code}').length === 2, 'must have {code} once')
      .refine(
        (text) => !/[{}]/.test(text.replaceAll(PLACEHOLDER, '')),
        'must have no braces but those of {code}, {realm} and {minutes}',
      )
      .refine(
        (text) => !/@\S+\s+#/u.test(text),
        'must not bind the code to a site: @host # is added by itself',
      ),
    {
      error: ({ code }) =>
        code === 'invalid_key' ? 'must be a language tag such as de or pt-BR' : undefined,
    },
  )
  .refine(
    (texts) => Object.keys(texts).length <= MAX_LANGUAGES,
    `must have at most ${MAX_LANGUAGES} languages`,
  )

/**
 * The administrator's text in the first of `languages` that has one, each with its region and then without, filled in;
 * undefined where none does and the theme's is to be sent.
 */
export function fillSmsText(
  texts: z.infer<typeof smsTexts>,
  languages: readonly (string | undefined)[],
  values: { code: string; realm: string; minutes: number },
): string | undefined {
  const tag = languages
    .flatMap((language) => (language === undefined ? [] : [language, language.replace(/-.*/, '')]))
    .find((candidate) => Object.hasOwn(texts, candidate))
  return texts[tag ?? '']?.replaceAll(PLACEHOLDER, (_, name: keyof typeof values) => String(values[name]))
}
