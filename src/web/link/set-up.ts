import type { RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import { isUsable } from '../../core/login/link.ts'
import { hasOwn } from '../../core/login/overtaken.ts'
import { YOUNG_LOGIN } from '../../core/pages/freshness.ts'
import { setUpByLink } from '../../core/pages/own-step.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { clearLinkCookie } from '../session/cookie.ts'
import { enterStep } from '../session/fresh.ts'
import { loginPath, openSession } from '../session/session.ts'
import { visitOf } from '../session/visit.ts'
import type { Visit } from '../session/visit.ts'
import { bareFrame } from '../step/frame.ts'
import { goneLink, heldLink } from './held.ts'
import { LINK } from './paths.ts'

/**
 * `GET /link/set-up`: the set-up by a link in a browser where no login waits for it, once the password was given there.
 * Where the login itself led through the set-up already, there is nothing left to do.
 */
export function setUpFromLink(context: WebContext): RequestHandler {
  return async (request, response) => {
    const home = `${LINK}/set-up`
    const session = await openSession(context, request, response, home)
    if (session === undefined) return
    const { realm } = session
    const found = await heldLink(context, realm, request)
    if (found === undefined) throw goneLink(realm)
    if (found.userId !== session.userId) {
      throw new AppError('link-other-user', 'the link was sent to another user')
    }
    if (context.kit().now - session.authTime > YOUNG_LOGIN && isUsable(found, context.kit().now)) {
      response.redirect(303, loginPath(realm, realm.base + home, { fresh: true }))
      return
    }
    const done = `${realm.base}${LINK}/done`
    const own = { done, cancelled: `${realm.keycloakIssuer}/account/` }
    let known: Visit | undefined = await visitOf(context, session)
    if (hasOwn(known.background.credentials, context.kit().registry)) {
      clearLinkCookie(response, context, realm)
      response.redirect(303, done)
      return
    }
    await enterStep(context, session, request, response, async () => {
      // Read anew each time: another browser may have been faster.
      const link = await heldLink(context, realm, request)
      const now = known ?? (await visitOf(context, session))
      known = undefined
      const kit = context.kit()
      if (link === undefined || !isUsable(link, kit.now)) throw goneLink(realm)
      const step = setUpByLink(now.visit, now.background, link, own, kit)
      if (step === undefined) throw goneLink(realm)
      return step
    })
  }
}

/** `GET /link/done`: says that the login goes on where it was begun. */
export function showLinkDone(context: WebContext): RequestHandler {
  return (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    clearLinkCookie(response, context, realm)
    const frame = bareFrame(context, realm, request.get('accept-language') ?? '')
    const view = { page: 'link-done', continueUrl: `${realm.base}/account` } as const
    response.send(context.renderer.render(frame, view))
  }
}
