import type { AdminView } from '../render/admin-view.ts'
import { fieldsOf } from './field-views.ts'
import type { Faults } from './field-views.ts'
import { byHeading, formOf, SETTINGS } from './settings-form.ts'
import { doneOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /settings`: everything that a realm's administrators set; what was typed before stands in the query. */
export async function showSettings(visit: Visit): Promise<Outcome> {
  const { body, version = 0 } = await visit.api.ask('showSettings')
  const known = visit.form.get('version') ?? ''
  const typed = /^\d+$/.test(known)
  const form = typed ? visit.form : formOf(body)
  return { view: settingsView(visit, form, typed ? known : String(version)) }
}

/** @param faults absent: nothing is wrong */
export function settingsView(
  visit: Visit,
  form: URLSearchParams,
  version: string,
  faults?: Faults,
): Extract<AdminView, { page: 'settings' }> {
  const fields = new Map(
    fieldsOf(visit, SETTINGS, form, 'setting', faults).map((field) => [field.name, field]),
  )
  return {
    page: 'settings',
    ...doneOf(visit),
    groups: byHeading().map(([name, specs]) => ({
      name,
      fields: specs.flatMap((spec) => fields.get(spec.name) ?? []),
    })),
    ...(visit.caller.roles.has('tfa-admin') ? { action: visit.at('/settings/save') } : {}),
    hidden: [{ name: 'version', value: version }],
    ...(faults === undefined ? {} : { wrong: true }),
  }
}
