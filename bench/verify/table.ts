import { median, ratio } from '../figures.ts'
import { against } from '../part.ts'
import type { Outcome, Row } from '../part.ts'
import type { Cost } from './cost.ts'
import type { RivalName, Sample } from './measure.ts'
import { MIXES } from './rival.ts'
import type { Mix } from './rival.ts'

/** How many requests at once are measured; the goals hold for the latter two. */
export const LANES = [1, 8, 64] as const
const GOAL_LANES = [8, 64]

const FLOOR = { least: 0.5 }
const PRIVACYIDEA = { least: 30 }
const CPU = { most: 3 }

/**
 * The rows and figures of all samples. A rival that answers app codes alone stands for the other methods as well: right
 * codes against its right ones, wrong against wrong.
 * @param missing why there is no privacyIDEA
 */
export function outcomeOf(samples: readonly Sample[], cost: Cost, missing?: string): Outcome {
  const by = (rival: RivalName, mix: Mix, lanes: number) =>
    samples.filter((one) => one.rival === rival && one.mix === mix && one.lanes === lanes)

  /** Ours by theirs: answers a second, round by round. */
  function times(rival: RivalName, mix: Mix, lanes: number): number {
    const theirs = by(rival, mix.endsWith('right') ? 'totp right' : 'totp wrong', lanes)
    return ratio(
      by('ours', mix, lanes).map((one, i) => ({ ours: perSecond(one), theirs: perSecond(theirs[i]!) })),
    )
  }
  const worst = (rival: RivalName, mixes: readonly Mix[]) =>
    Math.min(...mixes.flatMap((mix) => GOAL_LANES.map((lanes) => times(rival, mix, lanes))))
  const cpu = (rival: RivalName, mix: Mix, lanes: number) => cpuOf(by(rival, mix, lanes))
  const cpuAt8 = (mix: Mix) => cpu('ours', mix, 8)

  const app: Mix = 'totp right'
  const rows: Row[] = [
    ...LANES.map((lanes) => {
      const row = against(`right app code, ${lanes} at once: by the floor`, times('floor', app, lanes), FLOOR)
      const { what, figure } = row
      return GOAL_LANES.includes(lanes) ? row : { what, figure, goal: '' }
    }),
    against(
      'wrong app code, 8 and 64 at once, the lower: by the floor',
      worst('floor', ['totp wrong']),
      FLOOR,
    ),
    against(
      'code of a text message, right and wrong, 8 and 64 at once, the lowest: by the floor',
      worst('floor', ['sms right', 'sms wrong']),
      FLOOR,
    ),
    against(
      'backup code, right and wrong, 8 and 64 at once, the lowest: by the floor',
      worst('floor', ['backup right', 'backup wrong']),
      FLOOR,
    ),
    ...(missing === undefined
      ? [
          ...GOAL_LANES.map((lanes) =>
            against(
              `right app code, ${lanes} at once: by privacyIDEA`,
              times('privacyidea', app, lanes),
              PRIVACYIDEA,
              { digits: 1 },
            ),
          ),
          against(
            'wrong app code, 8 and 64 at once, the lower: by privacyIDEA',
            worst('privacyidea', ['totp wrong']),
            PRIVACYIDEA,
            { digits: 1 },
          ),
        ]
      : [
          {
            what: 'right app code: by privacyIDEA',
            figure: `not measured: ${missing}`,
            goal: `at least ${PRIVACYIDEA.least}`,
          },
        ]),
    against(
      'CPU of a right app code, 8 at once: sidecar and PostgreSQL',
      cpuAt8(app).server + cpuAt8(app).database,
      CPU,
      { unit: ' ms' },
    ),
    { what: 'of it the sidecar', figure: `${cpuAt8(app).server.toFixed(2)} ms`, goal: '' },
    against(
      'CPU of the dearest answer, 8 and 64 at once: sidecar and PostgreSQL',
      Math.max(
        ...MIXES.flatMap((mix) => GOAL_LANES.map((lanes) => cpu('ours', mix, lanes))).map(
          ({ server, database }) => server + database,
        ),
      ),
      CPU,
      { unit: ' ms' },
    ),
    against('round trips to the database of an answer', cost.roundTrips, { most: 2 }, { digits: 0 }),
    against('commits of an answer', cost.commits, { most: 1 }, { digits: 0 }),
  ]

  const atEight = MIXES.map((mix) => cpuAt8(mix))
  return {
    rows,
    data: {
      vsFloor: median(MIXES.map((mix) => times('floor', mix, 8))),
      ...(missing === undefined ? { vsPrivacyIdea: times('privacyidea', app, 8) } : {}),
      cpuMs: median(atEight.map(({ server, database }) => server + database)),
      cpuMsOfSidecar: median(atEight.map(({ server }) => server)),
      ...cost,
      ratios: MIXES.flatMap((mix) =>
        LANES.map((lanes) => ({
          mix,
          lanes,
          vsFloor: times('floor', mix, lanes),
          ...(missing === undefined && mix.startsWith('totp')
            ? { vsPrivacyIdea: times('privacyidea', mix, lanes) }
            : {}),
          perSecond: median(by('ours', mix, lanes).map(perSecond)),
          cpuMs: cpu('ours', mix, lanes),
        })),
      ),
      samples,
    },
    versions: missing === undefined ? { privacyIDEA: '3.14' } : {},
  }
}

function perSecond({ answers, seconds }: Sample): number {
  return answers / seconds
}

/** Milliseconds of processor time an answer, over all rounds: the kernel counts in ticks too long for one. */
function cpuOf(samples: readonly Sample[]): { server: number; database: number } {
  const answers = sum(samples, ({ answers: count }) => count)
  return {
    server: (sum(samples, ({ serverCpu }) => serverCpu) / answers) * 1000,
    database: (sum(samples, ({ databaseCpu }) => databaseCpu) / answers) * 1000,
  }
}

function sum(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.reduce((all, sample) => all + of(sample), 0)
}
