import type { AdminView, Delivery } from '../render/admin-view.ts'
import { deliveriesOf } from './delivery.ts'
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
  return { view: await settingsView(visit, form, typed ? known : String(version)) }
}

/** @param faults absent: nothing is wrong */
export async function settingsView(
  visit: Visit,
  form: URLSearchParams,
  version: string,
  faults?: Faults,
): Promise<Extract<AdminView, { page: 'settings' }>> {
  const deliveries = await deliveriesOf(visit)
  const fields = new Map(
    fieldsOf(visit, SETTINGS, form, 'setting', faults).map((field) => [field.name, field]),
  )
  return {
    page: 'settings',
    ...doneOf(visit),
    groups: byHeading().map(([name, specs]) => ({
      name,
      fields: specs.flatMap((spec) => fields.get(spec.name) ?? []),
      ...deliveryIn(deliveries, name),
    })),
    ...(visit.caller.roles.has('tfa-admin') ? { action: visit.at('/settings/save') } : {}),
    hidden: [{ name: 'version', value: version }],
    ...(faults === undefined ? {} : { wrong: true }),
  }
}

function deliveryIn(deliveries: ReadonlyMap<string, Delivery>, group: string): { delivery?: Delivery } {
  const delivery = deliveries.get(group)
  return delivery === undefined ? {} : { delivery }
}
