import type { OwnVisit } from '../../core/pages/own-step.ts'
import type { WebContext } from '../context.ts'
import type { Frame } from '../render/view.ts'
import { languageName } from '../render/per-locale.ts'
import type { PageSession } from '../session/session.ts'
import { HOME } from './paths.ts'

/** The frame of the user's pages, in the language of the session. */
export function frameOf(
  { accountPages }: WebContext,
  { realm, locale }: PageSession,
  { realmDisplayName }: Pick<OwnVisit, 'realmDisplayName'>,
): Frame {
  return {
    base: realm.base,
    realmDisplayName,
    locale,
    locales: accountPages.locales.map((tag) => ({
      tag,
      label: languageName(tag),
      href: `${realm.base}${HOME}?ui_locales=${tag}`,
      current: tag === locale,
    })),
    darkMode: true,
  }
}
