import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getProperties } from 'properties-file'

/** Made from English, as Unicode's CLDR names such languages: accented and longer; and from right to left. */
export const PSEUDO = { accented: 'en-XA', bidi: 'ar-XB' } as const

const shipped = join(import.meta.dirname, '../../themes')
const ACCENTED: Readonly<Record<string, string>> = {
  a: 'á', e: 'ë', i: 'î', o: 'ö', u: 'ü', c: 'ç', n: 'ñ', y: 'ý', A: 'Å', E: 'Ê', I: 'Î', O: 'Ø', U: 'Û',
} // prettier-ignore

/** A text of the theme in the pseudo-language: between ⟦ and ⟧, longer by 40 %, with what is filled in left as it is. */
export function pseudo(text: string): string {
  const accented = text.replaceAll(
    /(\{\w+\})|([a-zA-Z])/g,
    (_, kept: string | undefined, letter = '') => kept ?? ACCENTED[letter] ?? letter,
  )
  const more = ' lorem ipsum dolor'.repeat(20).slice(0, Math.ceil(text.length * 0.4))
  return `⟦${accented}${more}⟧`
}

/** A copy of the themes that speaks the pseudo-languages too. Whoever asks for it removes the folder. */
export function pseudoThemes(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pseudo-'))
  cpSync(shipped, folder, { recursive: true })
  for (const type of ['login', 'account', 'admin', 'email']) {
    const messages = join(folder, 'keycloak', type, 'messages')
    const english = getProperties(readFileSync(join(messages, 'messages_en.properties'), 'utf8'))
    const lines = Object.entries(english).map(([key, text]) => `${key}=${escaped(pseudo(text))}`)
    for (const locale of Object.values(PSEUDO)) {
      writeFileSync(join(messages, `messages_${locale.replace('-', '_')}.properties`), lines.join('\n'))
    }
  }
  for (const type of ['login', 'admin', 'email']) {
    const file = join(folder, 'keycloak', type, 'theme.properties')
    const properties = readFileSync(file, 'utf8')
    writeFileSync(
      file,
      properties.replace(/^locales=.*$/m, (line) => `${line},en-XA,ar-XB`),
    )
  }
  return folder
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
