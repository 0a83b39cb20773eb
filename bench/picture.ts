import type { Report } from './report.ts'

/** Points of the picture: where the bars begin, how wide the goal is, where a bar is cut off, how high a line is. */
const LEFT = 620
const GOAL = 260
const END = 500
const LINE = 26
const TOP = 58

/**
 * Draws how much of its goal each figure takes up, as an SVG: the line is the goal, left of it is better. One that goes
 * past the picture's edge is cut off there; its figure says how far it went.
 */
export function pictureOf({ rows, at }: Pick<Report, 'rows' | 'at'>): string {
  const drawn = rows.filter(({ share }) => share !== undefined)
  const height = TOP + drawn.length * LINE + 16
  const bars = drawn.map(({ part, what, figure, goal, met, share = 0 }, i) => {
    const y = TOP + i * LINE
    const length = Math.max(2, Math.min(END, share * GOAL))
    return `<text x="${LEFT - 12}" y="${y + 13}" text-anchor="end">${escaped(`${part}: ${what}`)}</text>
  <rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="18" rx="2" class="${met === true ? 'met' : 'missed'}"/>
  <text x="${(LEFT + length + 8).toFixed(1)}" y="${y + 13}">${escaped(figure)} <tspan class="goal">(${escaped(goal)})</tspan></text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + END + 210} ${height}" role="img" aria-label="How much of its goal each figure of the bench takes up">
  <style>
    svg { background: #fff; font: 13px system-ui, sans-serif; fill: #151515 }
    .met { fill: #3e8635 } .missed { fill: #c9190b } .goal { fill: #6a6e73 } .line { stroke: #151515; stroke-dasharray: 4 3 }
  </style>
  <text x="${LEFT}" y="22" font-weight="bold">How much of its goal each figure takes up, ${at.slice(0, 10)}</text>
  <text x="${LEFT + GOAL}" y="44" text-anchor="middle" class="goal">the goal</text>
  ${bars.join('\n  ')}
  <line x1="${LEFT + GOAL}" x2="${LEFT + GOAL}" y1="50" y2="${height - 10}" class="line"/>
</svg>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
