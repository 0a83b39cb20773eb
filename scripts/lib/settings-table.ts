import { SETTINGS } from '../../src/config.ts'

/** The README's table of settings, made from where they are declared. */
export function settingsTable(): string {
  const rows = Object.values(SETTINGS).map((setting) => {
    const shown =
      'default' in setting ? (setting.default === '' ? 'empty' : `\`${setting.default}\``) : '*must be set*'
    return `| \`${setting.name}\` | ${shown} | ${setting.sentence} |`
  })
  return ['| name | default | what |', '|---|---|---|', ...rows, ''].join('\n')
}
