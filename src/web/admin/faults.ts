import { z } from 'zod'
import { Problem } from '../api/problem.ts'
import type { Faults } from './field-views.ts'
import { graceParts } from './fields.ts'
import type { Spec } from './fields.ts'
import type { Visit } from './visit.ts'

const errors = z.array(z.object({ path: z.string(), message: z.string() }))

/**
 * What `check` finds wrong, as sentences next to fields; undefined where nothing is.
 * @throws whatever is no fault of a field that the form has
 */
export async function faultsOf(
  visit: Visit,
  specs: readonly Spec[],
  check: () => unknown,
): Promise<Faults | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    const found =
      error instanceof Problem && error.code === 'bad-request'
        ? errors.safeParse(error.extra['errors'])
        : undefined
    const faults = new Map(
      (found?.data ?? []).flatMap(({ path, message }) => {
        const spec = specOf(specs, path.replace(/^body\./, ''))
        return spec === undefined ? [] : [[spec.name, sentenceOf(visit, spec, message)] as const]
      }),
    )
    if (faults.size === 0) throw error
    return faults
  }
}

function specOf(specs: readonly Spec[], path: string): Spec | undefined {
  const found = specs.find(({ name }) => path === name || path.startsWith(`${name}.`))
  if (found?.kind.kind === 'grace') return specOf(graceParts(found.name), path) ?? found
  if (found?.kind.kind !== 'fields') return found
  return specOf(found.kind.fields, path) ?? found
}

/** Our own messages say what must be; those of the schemas' library are worded anew. */
function sentenceOf({ say }: Visit, { kind }: Spec, message: string): string {
  if (message.startsWith('must')) return say('fault.must', message)
  if (kind.kind !== 'number') return say('fault.other')
  return kind.min === undefined || kind.max === undefined
    ? say('fault.number')
    : say('fault.between', kind.min, kind.max)
}
