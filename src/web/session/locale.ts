import type { Request } from 'express'
import type { WebSession } from '../../core/pages/web-session.ts'
import type { WebContext } from '../context.ts'

/** The language of a page: the one that the user chose, else what the browser prefers; one of the theme's. */
export function pageLocale({ renderer }: WebContext, request: Request, chosen: string | undefined): string {
  const best = renderer.locales.find((own) => own === chosen || own === chosen?.split('-', 1)[0])
  const preferred = request.acceptsLanguages([...renderer.locales])
  return best ?? (preferred === false ? undefined : preferred) ?? renderer.locales[0] ?? 'en'
}

/** The session in the language that the page's address asks for, and kept so: `?ui_locales=de`. */
export async function inWantedLocale(
  { renderer, sessions }: WebContext,
  request: Request,
  session: WebSession,
): Promise<WebSession> {
  const wanted = request.query['ui_locales']
  if (typeof wanted !== 'string' || !renderer.locales.includes(wanted)) return session
  const next = { ...session, visitor: { ...session.visitor, locale: wanted } }
  await sessions.renew(next, session)
  return next
}
