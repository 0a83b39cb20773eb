import { AppError } from '../core/errors.ts'

const TRIES = 5

/**
 * Reads, decides and writes until no other request came between. Gives up after a few rounds, with nothing written:
 * under so many parallel tries for one user it is no loss to ask for one more.
 * @throws AppError busy
 */
export async function untilWritten<T>(round: () => Promise<T | 'lost'>): Promise<T> {
  for (let i = 0; i < TRIES; i++) {
    const result = await round()
    if (result !== 'lost') return result
  }
  throw new AppError('busy', 'too many requests for one user at the same time')
}
