/** Uses after which a statement is one that comes again and again. */
const USES = 5
/** Statements that get a name: a connection of PostgreSQL keeps each with its plan, tens of kilobytes. */
const NAMED = 200
/** Statements that are counted: lists of any length make ever new ones. */
const COUNTED = 1000

/**
 * Names the statements that come again and again, each once for all connections: what has a name is parsed and planned
 * once on each connection, which is more than half of what a login costs PostgreSQL.
 * @returns the name of a statement by its text; undefined where it has none
 */
export function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>()
  const uses = new Map<string, number>()
  return (text) => {
    const name = names.get(text)
    if (name !== undefined || names.size === NAMED) return name
    const used = (uses.get(text) ?? 0) + 1
    if (used < USES) {
      if (uses.size === COUNTED) uses.clear()
      uses.set(text, used)
      return undefined
    }
    uses.delete(text)
    const given = `latchkey_${names.size}`
    names.set(text, given)
    return given
  }
}
