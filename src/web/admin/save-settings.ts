import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import { allow } from '../api/authorize.ts'
import { patched } from '../api/change-settings.ts'
import { changedFrom } from '../api/preconditions.ts'
import type { AdminView } from '../render/admin-view.ts'
import { faultsOf } from './faults.ts'
import { inWords } from './in-words.ts'
import { changedSince, compare, conflictFields, versionIn } from './overtaken.ts'
import { patchOf, SETTINGS, wantedOf } from './settings-form.ts'
import { settingsView } from './show-settings.ts'
import { labelOf } from './field-views.ts'
import { asQuery, hiddenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'
import { tryOut } from './what-if.ts'

/** Settings that change what a login comes to. */
const DECIDING = ['enforcement', 'overridesCount', 'grace', 'methods', 'selfMethods']

/** `GET /settings/save?…`: what a change would do, before it is saved. */
export async function previewSettings(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  // An address without its form, as after a change of the language.
  if (!visit.form.has('version')) return { to: visit.at('/settings') }
  const settled = await settle(visit)
  if ('outcome' in settled) return settled.outcome
  const { patch } = settled
  if (Object.keys(patch).length === 0) return { to: visit.at('/settings', { done: 'unchanged' }) }
  const now: Partial<Record<string, unknown>> = visit.policy.settings
  const decides = DECIDING.some((name) => name in patch)
  const view: AdminView = {
    page: 'preview',
    about: 'settings',
    subject: visit.realm.name,
    changes: SETTINGS.filter(({ name }) => name in patch).map((spec) => ({
      label: labelOf(visit, 'setting', spec.name),
      from: inWords(visit, spec, now[spec.name]),
      to: inWords(visit, spec, after(visit, patch)[spec.name]),
    })),
    ...(decides ? { whatIf: await tryOut(visit, { settings: patch }) } : {}),
    action: visit.at('/settings/save'),
    hidden: hiddenOf(visit.form),
    backUrl: `${visit.at('/settings')}?${asQuery(hiddenOf(visit.form))}`,
    cancelUrl: visit.at('/settings'),
  }
  return { view }
}

/** `POST /settings/save`. */
export async function saveSettings(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  const settled = await settle(visit)
  if ('outcome' in settled) return settled.outcome
  const { policy, api } = visit
  const overtaken = await changedSince(() =>
    api.ask('changeSettings', { body: settled.patch, version: policy.version }),
  )
  if (overtaken === undefined) return { to: visit.at('/settings', { done: 'settings-saved' }) }
  return { to: `${visit.at('/settings/save')}?${asQuery(hiddenOf(visit.form))}` }
}

/**
 * What the form wants to change, in order and settled with whoever was faster; else the page that says what is left to
 * do.
 */
async function settle(visit: Visit): Promise<{ patch: Record<string, unknown> } | { outcome: Outcome }> {
  const { form, api, policy } = visit
  const version = form.get('version') ?? ''
  const wanted = wantedOf(form)
  const check = (patch: Record<string, unknown>) =>
    faultsOf(visit, SETTINGS, () => {
      api.read('changeSettings', patch)
      patched(policy, patch, 'body')
    })
  const wrong = async (faults: NonNullable<Awaited<ReturnType<typeof check>>>) => ({
    outcome: { status: 400, view: await settingsView(visit, form, version, faults) },
  })
  if (version !== String(policy.version)) {
    const old = versionIn(version)
    if (old === undefined || old > policy.version) return { outcome: { to: visit.at('/settings') } }
    const whole = Object.fromEntries([...wanted].map(([name, value]) => [name, value ?? null]))
    const faults = await faultsOf(visit, SETTINGS, () => api.read('changeSettings', whole))
    if (faults !== undefined) return await wrong(faults)
    const conflict = await conflictOf(visit, old, wanted)
    if (conflict !== undefined) return { outcome: { status: 409, view: conflict } }
  }
  const patch = patchOf(policy.settings, wanted)
  const faults = await check(patch)
  return faults === undefined ? { patch } : await wrong(faults)
}

/**
 * The page that shows both values, where somebody else was faster; undefined once a choice was made for each, and
 * `wanted` is what came of it.
 */
async function conflictOf(
  visit: Visit,
  version: number,
  wanted: Map<string, unknown>,
): Promise<AdminView | undefined> {
  const { form, policy } = visit
  const changed = await changedFrom(visit, version, ['settings.changed'], () => true)
  const mine = new Map(wanted)
  const compared = compare(changed, mine)
  const now: Partial<RealmSettings> = policy.settings
  for (const { field } of compared.others) wanted.set(field, Reflect.get(now, field))
  for (const { field } of compared.both) {
    if (form.get(`keep.${field}`) === 'theirs') wanted.set(field, Reflect.get(now, field))
  }
  const isSeen = form.get('seen') === String(policy.version)
  const isChosen = compared.both.every(({ field }) => form.has(`keep.${field}`))
  if (isSeen && isChosen) return undefined
  return {
    page: 'conflict',
    subject: visit.realm.name,
    ...(await conflictFields(visit, SETTINGS, 'setting', compared, mine)),
    action: visit.at('/settings/save'),
    hidden: [
      ...hiddenOf(form).filter(({ name }) => name !== 'seen' && !name.startsWith('keep.')),
      { name: 'seen', value: String(policy.version) },
    ],
    cancelUrl: visit.at('/settings'),
    ...(isSeen ? { wrong: true } : {}),
  }
}

/** The settings with their defaults, as they would be. */
function after({ policy }: Visit, patch: Record<string, unknown>): Partial<Record<string, unknown>> {
  return realmSettings.parse(patched(policy, patch, 'body'))
}
