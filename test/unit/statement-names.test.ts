import { expect, it } from 'vitest'
import { createStatementNames } from '../../src/adapters/store/statement-names.ts'

const used = (nameOf: (text: string) => string | undefined, text: string, times: number) => {
  let name: string | undefined
  for (let i = 0; i < times; i++) name = nameOf(text)
  return name
}

it('names a statement at its fifth use, and by that name from then on', () => {
  const nameOf = createStatementNames()
  expect(used(nameOf, 'select 1', 4)).toBeUndefined()
  const name = nameOf('select 1')
  expect(name).toBeDefined()
  expect(nameOf('select 1')).toBe(name)
  expect(used(nameOf, 'select 2', 5)).not.toBe(name)
})

it('names two hundred and no more, and forgets none of them', () => {
  const nameOf = createStatementNames()
  const names = Array.from({ length: 200 }, (_, i) => used(nameOf, `select ${i}`, 5))
  expect(new Set(names).size).toBe(200)
  expect(names).not.toContain(undefined)
  expect(used(nameOf, 'one more', 10)).toBeUndefined()
  expect(nameOf('select 0')).toBe(names[0])
})

it('counts a statement that comes often also among any number of others', () => {
  const nameOf = createStatementNames()
  for (let i = 0; i < 5000; i++) nameOf(`select ${i}`)
  expect(used(nameOf, 'select often', 5)).toBeDefined()
})
