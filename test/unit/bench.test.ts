import { expect, it } from 'vitest'
import { interleaved, percentile, ratio } from '../../bench/figures.ts'
import { against } from '../../bench/part.ts'
import { pictureOf } from '../../bench/picture.ts'
import { merged, reportOf, tableOf } from '../../bench/report.ts'

it('takes percentiles by nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i)
  expect([50, 99, 100].map((hundredth) => percentile(values, hundredth))).toEqual([100, 198, 200])
  expect(() => percentile([], 50)).toThrow(RangeError)
})

it('measures rivals in turn, who begins alternating, and takes the median of the rounds', async () => {
  const order: string[] = []
  const rival = (name: string, values: number[]) => async () => {
    order.push(name)
    return values.shift() ?? 0
  }
  const rounds = await interleaved(3, rival('ours', [2, 30, 4]), rival('theirs', [1, 10, 2]))
  expect(order.join(' ')).toBe('ours theirs theirs ours ours theirs')
  expect(ratio(rounds)).toBe(2)
})

const row = (what: string, value: number) => against(what, value, { most: 2 })

it('says how a figure stands to its goal, either way', () => {
  expect(row('a', 2)).toMatchObject({ met: true, share: 1, figure: '2.00', goal: 'at most 2' })
  expect(row('a', 3)).toMatchObject({ met: false, share: 1.5 })
  expect(against('a', 4, { least: 2 })).toMatchObject({ met: true, share: 0.5 })
  expect(against('a', 1, { least: 2 })).toMatchObject({ met: false, share: 2 })
})

it('keeps what was not measured this time, and draws and lists all', () => {
  const outcome = (what: string, value: number) => ({ rows: [row(what, value)], data: { value } })
  const older = reportOf('older', [
    ['load', outcome('a', 1)],
    ['sync', outcome('b & c', 1)],
  ])
  const report = merged(older, reportOf('newer', [['load', outcome('a', 3)]]))
  expect(report).toMatchObject({ command: 'newer', load: { value: 3 }, sync: { value: 1 } })
  expect(tableOf(report).split('\n').slice(2)).toEqual([
    '| sync | b & c | 1.00 | at most 2 | met |',
    '| load | a | 3.00 | at most 2 | **missed** |',
  ])
  const picture = pictureOf(report)
  expect(picture).toContain('sync: b &amp; c')
  expect(picture.match(/class="(met|missed)"/g)).toEqual(['class="met"', 'class="missed"'])
})
