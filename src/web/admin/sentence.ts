import type { z } from 'zod'
import type { userAnswer } from '../api/user-schemas.ts'
import type { Visit } from './visit.ts'

type Because = z.input<typeof userAnswer>['because']

/**
 * Why an enforcement holds, in the language of the page; in English the same words as in the API and the audit. The
 * reason is the API's: nothing is decided here.
 */
export function sentenceOf(
  visit: Pick<Visit, 'say' | 'term'>,
  { enforcement, because }: { enforcement: string; because: Because },
): string {
  const { say, term } = visit
  const word = term('enforcement', enforcement)
  switch (because.rule) {
    case 'role':
      return say('why.role', word, because.role)
    case 'override':
      return say('why.override', word, sentenceOf(visit, because.instead))
    case 'group':
      return waiting(visit, say('why.group', word, because.path), because.grace)
    case 'realm':
      return waiting(visit, say('why.realm', word), because.grace)
    case 'level':
      return say('why.level', word, String(because.level))
    case 'purpose':
      return say('why.purpose', word)
  }
}

/** The end of a grace, in UTC to the minute. */
function waiting({ say }: Pick<Visit, 'say'>, sentence: string, until: string | undefined): string {
  return until === undefined ? sentence : say('why.waiting', sentence, `${until.slice(0, 16)}Z`)
}
