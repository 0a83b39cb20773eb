/** The value that so many of a hundred are at most; nearest rank. @throws RangeError where there are none */
export function percentile(values: readonly number[], hundredth: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((hundredth / 100) * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('there are no values')
  return value
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** One round of two rivals, measured right after each other. */
export interface Round {
  ours: number
  theirs: number
}

/**
 * Ours by theirs: the median over rounds. What slows the machine for a while slows both sides of a round.
 */
export function ratio(rounds: readonly Round[]): number {
  return median(rounds.map(({ ours, theirs }) => ours / theirs))
}

/** Measures two rivals in turn, so many rounds; who begins changes each round. */
export async function interleaved(
  rounds: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<Round[]> {
  const measured: Round[] = []
  for (let i = 0; i < rounds; i++) {
    if (i % 2 === 0) {
      const first = await ours()
      measured.push({ ours: first, theirs: await theirs() })
    } else {
      const first = await theirs()
      measured.push({ ours: await ours(), theirs: first })
    }
  }
  return measured
}
