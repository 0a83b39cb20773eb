import { z } from 'zod'
import { PROBLEMS } from '../api/problem.ts'
import type { Problem } from '../api/problem.ts'
import type { Field, Option } from '../render/admin-parts.ts'
import { countriesOf } from '../step/countries.ts'
import { fieldsOf } from './field-views.ts'
import type { Faults } from './field-views.ts'
import type { Spec } from './fields.ts'
import { filled } from './visit.ts'
import type { Visit } from './visit.ts'

/** Groups that are offered to be ticked; of more, their paths are written. */
const TICKED = 50

/** What is wrong, next to fields and above them. */
export interface NewUserFaults {
  fields: Faults
  status: number
  /** A refusal that is of no field, in words; `detail` is the API's own. */
  alert?: { title: string; detail?: string }
}

const wordless = { sentence: '', unit: undefined }
const SPECS: Spec[] = [
  ...['username', 'email', 'firstName', 'lastName', 'country', 'phone'].map((name) => ({
    ...wordless,
    name,
    kind: { kind: 'text' as const },
  })),
  { ...wordless, name: 'groups', kind: { kind: 'words' } },
  { ...wordless, name: 'invite', kind: { kind: 'flag' } },
]

/** What was typed, as the API takes it. */
export async function newUserBody(visit: Visit): Promise<unknown> {
  const { form } = visit
  const groups = await wantedGroups(visit)
  return {
    ...filled(form, ['username', 'email', 'firstName', 'lastName', 'country', 'phone']),
    ...(groups.length === 0 ? {} : { groups }),
    invite: form.get('invite') === 'on',
  }
}

/** By their ids, or by their paths a line each; what names none stays, for the API to refuse. */
async function wantedGroups({ form, groups }: Visit): Promise<string[]> {
  const ids = new Map((await groups()).map(({ id, path }) => [path, id]))
  const written = form.getAll('groups').flatMap((text) => text.split(/\r?\n/))
  return written.map((one) => one.trim()).flatMap((one) => (one === '' ? [] : [ids.get(one) ?? one]))
}

/** The fields of the form, with what was typed and what is wrong. */
export async function newUserFields(visit: Visit, faults: Faults): Promise<Field[]> {
  const { form, policy, locale } = visit
  const { smsCountries } = policy.settings
  const selected = form.get('country') ?? smsCountries[0]
  const countries = countriesOf(smsCountries, selected, locale)
  const groups = await visit.groups()
  const chosen = form.getAll('groups')
  const controls: Record<string, (value: string) => Field['control']> = {
    email: (value) => ({ kind: 'text', value, as: 'email' }),
    phone: (value) => ({ kind: 'text', value, as: 'tel' }),
    country: () => ({
      kind: 'choice',
      options: countries.map(({ code, name, callingCode, current }) => ({
        value: code,
        label: visit.say('new-user.countryOption', name, callingCode),
        current,
      })),
    }),
    ...(groups.length > TICKED ? {} : { groups: () => ({ kind: 'checks', options: groups.map(ticked) }) }),
  }
  const ticked = ({ id, path }: { id: string; path: string }): Option & { id: string } => ({
    id: `field-groups-${id}`,
    value: id,
    label: path,
    current: chosen.includes(id),
  })
  const absent = (name: string) =>
    (name === 'country' && countries.length === 0) || (name === 'groups' && groups.length === 0)
  const shown = SPECS.filter(({ name }) => !absent(name))
  return fieldsOf(visit, shown, form, 'new-user', faults).map((field) => {
    const control = controls[field.name]?.(form.get(field.name) ?? '')
    const written = field.name === 'groups' && control === undefined
    return {
      ...field,
      ...(control === undefined ? {} : { control }),
      ...(written ? { help: visit.say('new-user.groupPaths') } : {}),
    }
  })
}

const errors = z.array(
  z.object({
    path: z.string(),
    message: z.string(),
    code: z.string().optional(),
    about: z.string().optional(),
  }),
)

/** What the API refused, for the form; undefined where it is nothing that the form could say. */
export function newUserFaults(visit: Visit, problem: Problem): NewUserFaults | undefined {
  const { code } = problem
  const [status] = PROBLEMS[code]
  if (code === 'keycloak-forbids' || code === 'unavailable') {
    return { status, fields: new Map(), alert: { title: visit.say(`new-user.refused.${code}`) } }
  }
  if (code !== 'bad-request' && code !== 'user-exists') return undefined
  const found = errors.safeParse(problem.extra['errors']).data ?? []
  const fields = new Map(
    found.flatMap((one) => {
      const name = one.path.replace(/^body\./, '').split('.', 1)[0] ?? ''
      return SPECS.some((spec) => spec.name === name) ? [[name, sentenceOf(visit, name, one)] as const] : []
    }),
  )
  if (fields.size > 0) return { status, fields, ...(code === 'user-exists' ? { alert: taken(visit) } : {}) }
  const [first] = found
  if (first?.code !== 'profile') return undefined
  return {
    status,
    fields,
    alert: {
      title: visit.say('new-user.refused.profile'),
      ...(first.about === undefined ? {} : { detail: visit.say('new-user.refused.attribute', first.about) }),
    },
  }
}

/** A form that was sent twice looks like this, too. */
function taken({ say }: Visit): NonNullable<NewUserFaults['alert']> {
  return { title: say('new-user.refused.user-exists'), detail: say('new-user.refused.twice') }
}

function sentenceOf(
  { say, term }: Visit,
  name: string,
  { code = '', about = '' }: { code?: string | undefined; about?: string | undefined },
): string {
  if (about !== '') return say(`new-user.fault.${code}`, about)
  const known = code === '' ? `${name}.unusable` : code
  const words = term('new-user.fault', known)
  return words === known ? say('fault.other') : words
}
