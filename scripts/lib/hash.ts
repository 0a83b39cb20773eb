import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

/** SHA-256 over texts and buffers in order, hexadecimal. Each part is closed off from the next. */
export function hash(...parts: (string | Buffer)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(createHash('sha256').update(part).digest())
  return sum.digest('hex')
}

/** One hash over the names and contents of files and of everything in folders; what doesn't exist counts as empty. */
export function hashFiles(...paths: string[]): string {
  return hash(
    ...paths.flatMap((path) => filesIn(path).flatMap((file) => [relative(path, file), readFileSync(file)])),
  )
}

function filesIn(path: string): string[] {
  const kind = statSync(path, { throwIfNoEntry: false })
  if (kind === undefined) return []
  if (!kind.isDirectory()) return [path]
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => filesIn(join(path, name)))
}
