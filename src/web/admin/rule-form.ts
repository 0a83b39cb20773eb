import type { KeptRule } from '../../core/administration/administration.ts'
import { saidBy } from '../../core/administration/changes.ts'
import { policyInput } from '../../core/administration/policy-input.ts'
import type { Registry } from '../../core/method.ts'
import { specsOf } from './fields.ts'
import type { Spec } from './fields.ts'
import { inputsOf, valueOf } from './inputs.ts'

/** Stands for the version of a rule that there is not yet. */
export const NO_VERSION = 'none'

/** The fields of a rule. */
export function ruleSpecs(registry: Registry): Spec[] {
  return specsOf(policyInput(registry).rule.shape)
}

/** The inputs that a rule fills in; those of a new one where there is none. */
export function ruleForm(specs: readonly Spec[], kept: KeptRule | undefined): URLSearchParams {
  const values: Record<string, unknown> =
    kept === undefined ? { enforcement: 'required', priority: 0 } : { ...saidBy(kept) }
  return new URLSearchParams(specs.flatMap((spec) => inputsOf(spec, values[spec.name])))
}

/** What a form says of a rule; what is absent is absent. */
export function ruleBody(specs: readonly Spec[], form: URLSearchParams): Record<string, unknown> {
  const said = specs.flatMap((spec) => {
    const value = valueOf(spec, form)
    const isNothing = value === undefined || (spec.kind.kind === 'methods' && isEmpty(value))
    return isNothing ? [] : [[spec.name, value] as const]
  })
  return Object.fromEntries(said)
}

export function versionOf(kept: KeptRule | undefined): string {
  return kept === undefined ? NO_VERSION : String(kept.version)
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
