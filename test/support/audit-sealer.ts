import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'

// Seals the realm `demo` in small batches until there is nothing left, and prints a line after each; to be killed.
const [, , url = '', keys = ''] = process.argv
const parsed = JSON.parse(keys) as { id: string; key: { data: number[] } }[]
const sealer = createSealer(parsed.map(({ id, key }) => ({ id, key: Buffer.from(key.data) })))
const database = await openDatabase(url)
while (typeof (await sealBatch(database, sealer, 'demo', 10)) !== 'string') process.stdout.write('sealed\n')
await database.close()
