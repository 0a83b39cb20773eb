import { CompiledQuery, sql } from 'kysely'
import type { Database } from '../../src/adapters/store/database.ts'

/** A statement as a database was sent it; `at` says in the course of what. */
export interface Sent {
  at: string
  text: string
  parameters: readonly unknown[]
}

/** A table that a statement reads as a whole, or all of a realm's rows of it, and how. */
export interface Walk {
  table: string
  how: string
}

/** What a statement reads from one end to the other, as the database plans it. Nothing is carried out. */
export async function walksOf(database: Database, sent: Sent): Promise<Walk[]> {
  return database.sqlite === undefined ? await onPostgres(database, sent) : await onSqlite(database, sent)
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Recheck Cond'?: string
  Plans?: Node[]
}

async function onPostgres({ db }: Database, { text, parameters }: Sent): Promise<Walk[]> {
  // With its parameters as they were: that is how it is planned when it is sent.
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': { Plan: Node }[] }>(
    CompiledQuery.raw(`explain (format json) ${text}`, [...parameters]),
  )
  return rows.flatMap(({ 'QUERY PLAN': plans }) => plans.flatMap(({ Plan }) => nodesIn(Plan, false)))
}

/** What has to read all of its input before it gives the first row. */
const BLOCKING = new Set(['Sort', 'Aggregate', 'Hash', 'Materialize', 'ModifyTable', 'Bitmap Heap Scan'])

/** @param isLimited whether somebody above stops reading after some rows */
function nodesIn(node: Node, isLimited: boolean): Walk[] {
  const type = node['Node Type']
  const limits = type === 'Limit' || (isLimited && !BLOCKING.has(type))
  const below = (node.Plans ?? []).flatMap((one) => nodesIn(one, limits))
  const table = node['Relation Name'] ?? tableOf(node['Index Name'])
  if (table === undefined) return below
  if (type === 'Seq Scan') return [{ table, how: type }, ...below]
  if (!/Index( Only)? Scan/.test(type) || isLimited || isPartOf(node['Index Cond'])) return below
  return [{ table, how: `${type} of ${node['Index Name']} ${node['Index Cond'] ?? ''}` }, ...below]
}

/** A bitmap names its index alone; they are named by their tables. */
function tableOf(index: string | undefined): string | undefined {
  return index?.replace(/_[a-z]+$/, '')
}

/** Whether a condition asks for more than a realm. */
function isPartOf(condition = ''): boolean {
  return /\w/.test(condition.replaceAll(/\(?\(?realm = [^)]*\)?/g, '').replaceAll(/AND|[()\s]/g, ''))
}

async function onSqlite({ db }: Database, { text }: Sent): Promise<Walk[]> {
  const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(text)}`.execute(db)
  const details = rows.map(({ detail }) => detail)
  // It reads in the order of an index until it has enough, unless it has to sort or to count.
  const isLimited = /\blimit\b/i.test(text) && !details.some((one) => one.includes('TEMP B-TREE'))
  return details.flatMap((how): Walk[] => {
    if (!/^(SCAN|SEARCH) (?!CONSTANT|\d+ CONSTANT)/.test(how)) return []
    const read =
      /^(SCAN|SEARCH) (\S+)(?: EXISTS)?(?: USING (.*?INDEX \S+|INTEGER PRIMARY KEY)| VIRTUAL TABLE INDEX \S+)?(?: \((.*)\))?(?: LEFT-JOIN)?$/.exec(
        how,
      )
    if (read === null) throw new Error(`a plan that this does not know: ${how}`)
    const [, verb, table = '', index = '', condition = ''] = read
    // A list of a statement's own, such as what a recursion has found so far.
    if (['agg', 'up', 'obj', 'link', 'one', 'json_each', 'counted'].includes(table)) return []
    const isWhole =
      verb === 'SCAN'
        ? !(isLimited && index !== '')
        : verb === 'SEARCH' && condition === 'realm=?' && !isLimited
    return isWhole ? [{ table: aliased(text, table), how }] : []
  })
}

/** The table that a statement calls so; the name itself where it is one, or what a subquery is called. */
function aliased(text: string, name: string): string {
  return (
    new RegExp(String.raw`(?:from|join|update|into) "?(\w+)"?(?: as)? "?${name}"?[\s,]`, 'i').exec(
      text,
    )?.[1] ?? name
  )
}

/** Tables that stay small however many users there are and however long it goes on, and why. */
export const SMALL: Record<string, string> = {
  realm: 'a row for each realm',
  sync: 'a row for each realm',
  audit_chain: 'a row for each realm',
  realm_secret: 'three for each realm',
  rule: 'what administrators wrote: some for each realm',
  proposal: 'what administrators wrote: some for each realm',
  directory_group: 'the groups of a realm, which every page about rules shows',
  figure: 'some thirty a day for 400 days, however many users',
  signing_key: 'some at a time',
  lease: 'one for each realm and each server',
}
