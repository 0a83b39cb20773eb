import { descendants, enabled } from '../setup/flow-tree.ts'
import { flowOf } from '../setup/found.ts'
import type { Found } from '../setup/found.ts'
import { levelsWithout } from '../setup/levels.ts'
import type { Facts, Fault } from './check.ts'
import { setupCommandFor } from './check.ts'

/** The highest level that Latchkey has a meaning for: phishing-resistant. */
const HIGHEST = 3

/** What is wrong with the levels of the browser flow; nothing in a realm without any. */
export function stepUp(found: Found, facts: Facts): Fault[] {
  const flow = flowOf(found, found.realm.browserFlow)
  if (flow === undefined) return []
  const conditions = descendants(flow.children).filter((node) => enabled(node) && node.loa !== undefined)
  const levels = new Set(conditions.map(({ loa = 0 }) => loa))
  const where = `Authentication → Flows → ${flow.alias}`
  const faults: Fault[] = levelsWithout(flow.children).map(({ level, subflow, place }) => ({
    level: 'warning',
    what: `Level ${level} of the flow "${flow.alias}" ("${subflow.name}") does not ask Latchkey.`,
    why: 'Who has none of its own second factors is made to set one up in Keycloak, and is then asked by Latchkey as well.',
    mend:
      place === undefined
        ? `${where}: put the steps of "${subflow.name}" into a subflow, and "latchkey" beside it, both ALTERNATIVE.`
        : `${setupCommandFor(facts)}, or ${where}: add "latchkey" to "${place.parent.name}" and make it and what stands beside it ALTERNATIVE.`,
  }))
  for (const level of [...levels].filter((one) => one > HIGHEST)) {
    faults.push({
      level: 'warning',
      what: `The flow "${flow.alias}" has a level ${level}.`,
      why: `Latchkey knows the levels 1 (password), 2 (second factor) and ${HIGHEST} (phishing-resistant), and asks for a passkey above them.`,
      mend: `${where}: number the levels 1 to ${HIGHEST}, and name them in Realm settings → General → ACR to LoA Mapping.`,
    })
  }
  for (const [name, level] of Object.entries(named(found))) {
    if (level < 2 || levels.has(level)) continue
    faults.push({
      level: 'warning',
      what: `"${name}" stands for level ${level}, for which the flow "${flow.alias}" has no condition.`,
      why: "Latchkey is asked for it, but tokens can't say so: their acr stays lower.",
      mend: `${where}: add a CONDITIONAL subflow with "Condition - Level of Authentication" ${level} and "latchkey".`,
    })
  }
  return faults
}

/** The realm's names for levels. */
function named({ realm }: Found): Record<string, number> {
  try {
    const map: unknown = JSON.parse(String(realm.attributes?.['acr.loa.map'] ?? '{}'))
    return Object.fromEntries(
      Object.entries(map ?? {}).flatMap(([name, level]) =>
        Number.isInteger(Number(level)) ? [[name, Number(level)]] : [],
      ),
    )
  } catch {
    return {}
  }
}
