import type { Compilable, Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** Stands for a value while a query is built. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/**
 * Builds and compiles a query once, to be asked with other values each time: for what every login reads, building it
 * takes longer than sending it.
 * @param build gets what stands for each value, to be used as the value would be in a comparison
 * @returns asks it: gives the rows
 */
export function compileOnce<Name extends string, Row>(
  db: Kysely<Schema>,
  names: readonly Name[],
  build: (values: Record<Name, string>) => Compilable<Row>,
): (values: Record<Name, string>) => Promise<Row[]> {
  const placeholders = Object.fromEntries(names.map((name) => [name, new Placeholder(name)]))
  const compiled = build(placeholders as unknown as Record<Name, string>).compile()
  return async (values) => {
    const parameters = compiled.parameters.map((one) =>
      one instanceof Placeholder ? values[one.name as Name] : one,
    )
    return (await db.executeQuery<Row>({ ...compiled, parameters })).rows
  }
}
