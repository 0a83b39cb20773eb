import { sightOf } from '../../core/administration/authority.ts'
import type { Realm } from '../../core/realm.ts'
import type { AdminFrame, Section } from '../render/admin-view.ts'
import { languageName } from '../render/per-locale.ts'
import type { PageSession } from '../session/session.ts'
import type { Visit } from './visit.ts'

/** The sections in the order of the navigation, with where they lie, and whether whoever manages groups alone has them. */
const SECTIONS: [Section, path: string, forManagers: boolean][] = [
  ['overview', '', false],
  ['users', '/users', true],
  ['rules', '/rules', false],
  ['settings', '/settings', false],
  ['audit', '/audit', false],
  ['sync', '/sync', false],
]

/** @param address the page's own, its query included */
export function frameOf(
  { username }: PageSession,
  { realm, caller, locale, context }: Visit,
  address: URL,
): AdminFrame {
  const home = `${realm.base}/admin`
  const sight = sightOf(caller)
  const open = SECTIONS.filter(
    ([, , forManagers]) => sight === 'everybody' || (sight === 'managed' && forManagers),
  )
  const current = open.findLast(
    ([, path]) => address.pathname === home + path || address.pathname.startsWith(`${home}${path}/`),
  )
  return {
    base: realm.base,
    realmName: realm.name,
    username,
    locale,
    locales: context.adminPages.locales.map((tag) => ({
      tag,
      label: languageName(tag),
      href: inLocale(address, tag),
      current: tag === locale,
    })),
    nav: open.map((one) => ({ section: one[0], href: home + one[1], current: one === current })),
    signOutUrl: `${realm.base}/logout`,
    consoleUrl: consoleOf(realm),
  }
}

/** Keycloak's own console for the realm. */
export function consoleOf({ keycloakIssuer }: Realm): string {
  const [, root = '', name = ''] = /^(.*)\/realms\/([^/]+)$/.exec(keycloakIssuer) ?? []
  return `${root}/admin/${name}/console/#/${name}`
}

function inLocale(address: URL, tag: string): string {
  const url = new URL(address)
  url.searchParams.set('ui_locales', tag)
  return url.pathname + url.search
}
