import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import { specsOf } from './fields.ts'
import type { Spec } from './fields.ts'
import { inputsOf, valueOf } from './inputs.ts'
import { isSame } from './overtaken.ts'

/** Every setting that the form asks for. */
export const SETTINGS: readonly Spec[] = specsOf(realmSettings.shape)

/** Which settings stand below which heading; those that have none come last. */
const HEADINGS: [string, (name: string) => boolean][] = [
  [
    'policy',
    (name) =>
      ['enforcement', 'overridesCount', 'grace', 'reminderDays', 'timeZone', 'trustedDays'].includes(name),
  ],
  [
    'methods',
    (name) =>
      ['methods', 'selfMethods', 'selfRemoval', 'firstSetUp', 'passkeyVerification', 'issuerName'].includes(
        name,
      ),
  ],
  ['lockout', (name) => name === 'maxFailures' || name.startsWith('lockout')],
  ['codes', (name) => name.startsWith('code') || ['stepSeconds', 'resendSeconds'].includes(name)],
  ['sms', (name) => name.startsWith('sms')],
  ['mail', (name) => name.startsWith('mail')],
  ['backup', (name) => name.startsWith('backup')],
  ['help-desk', (name) => name.startsWith('bypass')],
  ['audit', (name) => ['apiClients', 'auditDays'].includes(name)],
  ['other', () => true],
]

/** The settings by heading, each once. */
export function byHeading(): [heading: string, Spec[]][] {
  const groups = Map.groupBy(SETTINGS, ({ name }) => HEADINGS.find(([, has]) => has(name))?.[0] ?? 'other')
  return HEADINGS.flatMap(([heading]) => {
    const specs = groups.get(heading)
    return specs === undefined ? [] : [[heading, specs] as [string, Spec[]]]
  })
}

/** The inputs that settings fill in. */
export function formOf(settings: RealmSettings): URLSearchParams {
  const values: Record<string, unknown> = settings
  return new URLSearchParams(SETTINGS.flatMap((spec) => inputsOf(spec, values[spec.name])))
}

/** What a form wants every setting to be; undefined stands for its default. */
export function wantedOf(form: URLSearchParams): Map<string, unknown> {
  return new Map(SETTINGS.map((spec) => [spec.name, valueOf(spec, form)]))
}

/** The merge patch (RFC 7396) that makes settings what is wanted. */
export function patchOf(
  settings: RealmSettings,
  wanted: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const now = new Map(Object.entries(settings))
  const changed = [...wanted].filter(([name, value]) => !isSame(value, now.get(name)))
  return Object.fromEntries(changed.map(([name, value]) => [name, replacing(now.get(name), value)]))
}

/** A patch of a table only adds: what is not wanted any more is named. */
function replacing(now: unknown, value: unknown): unknown {
  if (value === undefined) return null
  if (!isTable(now) || !isTable(value)) return value
  const gone = Object.keys(now).filter((name) => !Object.hasOwn(value, name))
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...value }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
