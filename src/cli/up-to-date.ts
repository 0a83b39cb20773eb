import { inspectDatabase } from '../adapters/store/inspect.ts'

/** What only reads migrates nothing, so it can only look at what is up to date. @throws Error */
export async function demandUpToDate(dbUrl: string): Promise<void> {
  const { pending, problem } = await inspectDatabase(dbUrl)
  if (problem !== undefined) throw new Error(`the database can't be read: ${problem}`)
  if (pending?.length === 0) return
  throw new Error("the database is not of this version yet: start this version's server once, then try again")
}
