import type { Found } from './found.ts'
import type { RequiredAction } from './representations.ts'
import { ACTION_LIFE, EVENTS, GATE, MANAGE, OUTAGE, PHONE, ROLES } from './names.ts'
import { fingerprint, phoneAttribute, sameAttribute } from './phone.ts'
import type { Plan, Step, Wanted } from './step.ts'
import { TEXTS } from './texts.ts'

/** Plans what belongs to the realm as a whole: roles, profile, required actions, events, texts, settings, `amr`. */
export function planRealm(found: Found, wanted: Wanted): Plan {
  const steps = [
    ...roles(found),
    ...profile(found, wanted),
    ...actions(found),
    ...settings(found, wanted),
    ...texts(found),
    ...mapper(found),
  ]
  const notes =
    found.realm.realm === 'master'
      ? [
          'This realm has the administrators of Keycloak: with Latchkey away, whoever must be asked gets in nowhere, nor can undo by password. Keep a client with a service account for that (LATCHKEY_SETUP_CLIENT_ID).',
        ]
      : []
  return { steps, refusals: [], open: [], notes }
}

function roles({ roles: existing }: Found): Step[] {
  return Object.entries(ROLES)
    .filter(([name]) => !existing.includes(name))
    .map(([name, description]) => ({
      kind: 'role',
      name,
      description,
      sentence: `create the realm role ${name}: ${description}`,
      undo: { kind: 'role', name },
    }))
}

function profile({ profile: found, profileStored }: Found, { requirePhone = false }: Wanted): Step[] {
  const now = found.attributes?.find(({ name }) => name === PHONE)
  const attribute = phoneAttribute(now, requirePhone)
  if (now !== undefined && sameAttribute(now, attribute)) return []
  const sentence =
    now === undefined
      ? `declare the user attribute ${PHONE}, which only administrators can change`
      : `let only administrators change the user attribute ${PHONE}${requirePhone ? ', and require it of them' : ''}`
  const was = now === undefined ? null : { ...now }
  const before = profileStored ? null : fingerprint(found)
  return [{ kind: 'profile', attribute, sentence, undo: { kind: 'profile', was, default: before } }]
}

function actions({ actions: all, providers }: Found): Step[] {
  const others = all.filter(({ alias }) => alias !== GATE)
  const first = Math.min(1, ...others.map(({ priority = 1000 }) => priority - 1))
  const wanted = [
    {
      name: GATE,
      label: 'Latchkey gate',
      priority: first,
      why: 'asks where no flow did, before any other action',
    },
    { name: MANAGE, label: 'Second factor', priority: 140, why: 'lets users change their second factor' },
  ]
  return wanted
    .filter(({ name }) => providers?.actions.has(name) ?? true)
    .flatMap(({ name, label, priority, why }): Step[] => {
      const now = all.find(({ alias }) => alias === name)
      if (now?.enabled === true && (name !== GATE || now.priority === priority)) return []
      return [
        {
          kind: 'action',
          name,
          label,
          register: now === undefined,
          enabled: true,
          priority: now === undefined || name === GATE ? priority : (now.priority ?? priority),
          sentence: `${now === undefined ? 'register' : 'correct'} the required action ${name}, priority ${priority}: ${why}`,
          undo: { kind: 'action', name, was: now === undefined ? null : stateOf(now) },
        },
      ]
    })
}

function stateOf({ enabled = false, priority = 0 }: RequiredAction): { enabled: boolean; priority: number } {
  return { enabled, priority }
}

function settings({ realm, providers }: Found, { outage }: Wanted): Step[] {
  const steps: Step[] = []
  const listeners = realm.eventsListeners ?? []
  if (!listeners.includes(EVENTS) && (providers?.listeners.has(EVENTS) ?? true)) {
    steps.push({
      kind: 'realm',
      change: { eventsListeners: [...listeners, EVENTS] },
      sentence: `add the event listener ${EVENTS}, which tells Latchkey whom and what changed, and ends sessions whose login finished without the verdict it needed`,
      undo: { kind: 'listener' },
    })
  }
  const life = realm.accessCodeLifespanUserAction ?? 300
  if (life < ACTION_LIFE) {
    steps.push({
      kind: 'realm',
      change: { accessCodeLifespanUserAction: ACTION_LIFE },
      sentence: `raise the life of required actions from ${life} s to ${ACTION_LIFE} s, so that a set-up has the time it takes`,
      undo: { kind: 'action-life', was: life },
    })
  }
  const before = realm.attributes?.[OUTAGE] as string | undefined
  const after = outage ?? before ?? 'closed'
  if (before !== after) {
    const meaning =
      after === 'open'
        ? 'logins go on without a second factor'
        : 'nobody who may need a second factor gets in'
    steps.push({
      kind: 'attribute',
      name: OUTAGE,
      value: after,
      sentence: `set the realm attribute ${OUTAGE} to ${after}: while Latchkey is away, ${meaning}`,
      undo: { kind: 'attribute', name: OUTAGE, was: before ?? null },
    })
  }
  return steps
}

function texts({ texts: existing, realm }: Found): Step[] {
  const locales = new Set(['en', realm.defaultLocale ?? 'en', ...(realm.supportedLocales ?? [])])
  return Object.entries(TEXTS)
    .filter(([locale]) => locales.has(locale))
    .flatMap(([locale, wanted]) => {
      const missing = Object.entries(wanted).filter(([key]) => existing[locale]?.[key] === undefined)
      return missing.map(([key, value]): Step => {
        const keys = missing.map(([name]) => name)
        return {
          kind: 'text',
          locale,
          key,
          value,
          sentence: `add the text ${key} (${locale}): "${value}"`,
          undo: { kind: 'texts', name: locale, keys },
        }
      })
    })
}

function mapper({ defaultScopes }: Found): Step[] {
  const has = defaultScopes.some(({ mappers }) =>
    mappers.some(({ config }) => isOurs(config as Record<string, string>)),
  )
  if (has) return []
  const scope = ['basic', 'acr'].find((name) => defaultScopes.some((one) => one.name === name))
  const sentence = (name: string) =>
    `add a mapper to the client scope ${name}, so that tokens say in amr what was proven`
  if (scope !== undefined) {
    return [{ kind: 'mapper', scope, sentence: sentence(scope), undo: { kind: 'mapper', scope } }]
  }
  return [
    {
      kind: 'scope',
      name: 'latchkey',
      sentence:
        'create the client scope latchkey and make it a default one, also for every client that exists',
      undo: { kind: 'scope', name: 'latchkey' },
    },
    { kind: 'mapper', scope: 'latchkey', sentence: sentence('latchkey') },
  ]
}

function isOurs(config: Record<string, string> = {}): boolean {
  return config['user.session.note'] === 'latchkey.amr' && config['claim.name'] === 'amr'
}
