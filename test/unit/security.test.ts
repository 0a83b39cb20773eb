import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = readFileSync('docs/security.md', 'utf8')
const idsOf = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
const ids = [...idsOf('R', 32), ...idsOf('P', 27)]

/** The rows of the page by id: what they say, and the files in their last cell. */
const rows = new Map(
  [...page.matchAll(/^\| ([RP]\d+) \| (.+) \|$/gm)].map(([, id = '', rest = '']) => {
    const cells = rest.split(' | ')
    return [id, { cells, files: cells.at(-1)?.split(', ') ?? [] }] as const
  }),
)

/** What stands between quotes, comments left out: names of tests among it. */
function namesIn(file: string): string {
  const code = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  return [...code.matchAll(/(['"`])(?:(?!\1)[^\\\n]|\\.)*\1/g)].map(([name]) => name).join('\n')
}

describe('docs/security.md', () => {
  it('has each rule and each pitfall once, in order, with three cells', () => {
    expect([...page.matchAll(/^\| ([RP]\d+) /gm)].map(([, id]) => id)).toEqual(ids)
    expect([...rows].filter(([, { cells }]) => cells.length !== 3)).toEqual([])
  })

  it.each(ids)('names a test of %s whose name carries the id', (id) => {
    const { files } = rows.get(id) ?? { files: [] }
    expect(files).not.toEqual([])
    for (const file of files) {
      expect(existsSync(file), file).toBe(true)
      expect(namesIn(file), `${file} has no test named with ${id}`).toMatch(new RegExp(`\\b${id}\\b`))
    }
  })

  it('knows every id that a test carries', () => {
    const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.test.ts'),
    )
    const carried = files.flatMap((name) => [
      ...namesIn(`test/${name}`).matchAll(/[( ,]([RP]\d{1,2})(?=[),:])/g),
    ])
    expect([...new Set(carried.map(([, id]) => id))].filter((id) => !ids.includes(id ?? ''))).toEqual([])
  })
})
