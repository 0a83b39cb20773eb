/** A line of the table: what was compared, what came out, and how that stands to its goal. */
export interface Row {
  what: string
  figure: string
  /** In words, for example "at most 1.05"; empty where it is a figure to know and nothing more. */
  goal: string
  met?: boolean
}

/** What a part came to. */
export interface Outcome {
  rows: Row[]
  /** What `results/latest.json` keeps under the part's name: its figures, and the samples they were made of. */
  data: Record<string, unknown>
  /** Names and versions of what took part beside ours, for example `{ privacyIDEA: '3.14' }`. */
  versions?: Record<string, string>
}

/** A part of the bench. `quick`: as short as it can be and still say something; a whole run takes what it needs. */
export type Part = (options: { quick: boolean; progress: (text: string) => void }) => Promise<Outcome>

/** A row with a goal: at most (or, with `least`, at least) so much. */
export function against(
  what: string,
  value: number,
  goal: { most: number } | { least: number },
  { unit = '', digits = 2 }: { unit?: string; digits?: number } = {},
): Row {
  const [words, bound] = 'most' in goal ? ['at most', goal.most] : ['at least', goal.least]
  return {
    what,
    figure: `${value.toFixed(digits)}${unit}`,
    goal: `${words} ${bound}${unit}`,
    met: 'most' in goal ? value <= bound : value >= bound,
  }
}
