import { randomUUID } from 'node:crypto'
import type { KcAdminClient } from '../../src/adapters/keycloak/admin-session.ts'

/** Users that one import brings. */
const CHUNK = 1_000

const RULE = { 'tfa.enforcement': ['optional'] }

interface Group {
  name: string
  path: string
  attributes?: Record<string, string[]>
  subGroups?: Group[]
}

/** Of ten groups one is at the top, with or without a rule in its attributes; six are below it, and three below those. */
function familyOf(name: string, hasRule: boolean): Group {
  const path = `/${name}`
  const below = (above: string, child: string, subGroups: Group[] = []): Group => ({
    name: child,
    path: `${above}/${child}`,
    subGroups,
  })
  const children = ['a', 'b', 'c', 'd', 'e', 'f'].map((child, i) =>
    below(path, child, i < 3 ? [below(`${path}/${child}`, 'x')] : []),
  )
  return { name, path, ...(hasRule ? { attributes: RULE } : {}), subGroups: children }
}

function pathsOf({ path, subGroups = [] }: Group): string[] {
  return [path, ...subGroups.flatMap(pathsOf)]
}

/** Brings a realm's made-up users and groups into a Keycloak. */
export interface Population {
  /** The groups' paths. */
  paths: string[]
  /** Makes users until there are so many, each in one to three groups. */
  growTo(users: number): Promise<void>
}

/** Makes the groups, by tens, a tenth of them with a rule of their own or from above, and gives what makes the users. */
export async function populate(admin: KcAdminClient, realm: string, groups: number): Promise<Population> {
  const { eventsListeners = [] } = (await admin.realms.findOne({ realm })) ?? {}
  const listenedBy = async (listeners: string[]) =>
    await admin.realms.update({ realm }, { eventsListeners: listeners })
  // Nobody is to be told of what is only made to be read.
  await listenedBy([])
  const families = Array.from({ length: groups / 10 }, (_, i) => familyOf(`team-${i}`, i % 10 === 0))
  await admin.realms.partialImport({ realm, rep: { ifResourceExists: 'FAIL', groups: families } })
  const paths = families.flatMap(pathsOf)
  const groupsOf = (i: number) =>
    Array.from({ length: 1 + (i % 3) }, (_, j) => paths[(i * 7 + j * 331) % paths.length] ?? '')
  let made = 0
  return {
    paths,
    async growTo(users) {
      await listenedBy([])
      while (made < users) {
        const some = Array.from({ length: Math.min(CHUNK, users - made) }, (_, i) => made + i)
        await admin.realms.partialImport({
          realm,
          rep: {
            ifResourceExists: 'FAIL',
            users: some.map((i) => ({
              id: randomUUID(),
              username: `person-${i}`,
              email: `person-${i}@example.com`,
              emailVerified: true,
              firstName: 'Person',
              lastName: `Number ${i}`,
              enabled: true,
              groups: [...new Set(groupsOf(i))],
            })),
          },
        })
        made += some.length
      }
      await listenedBy(eventsListeners)
    },
  }
}
