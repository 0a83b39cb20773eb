import type { Request } from 'express'
import { AppError } from '../../core/errors.ts'
import { isOpenedBy, isUsable, linkIdOf } from '../../core/login/link.ts'
import type { SetUpLink } from '../../core/login/link.ts'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'
import { linkCookie } from '../session/cookie.ts'

/** The link that a token opens, used or not; undefined where it opens none. */
export async function linkOf(
  context: WebContext,
  { name }: Realm,
  token: string,
): Promise<SetUpLink | undefined> {
  const id = linkIdOf(token)
  const link = id === undefined ? undefined : await context.store.link(name, id)
  return link !== undefined && isOpenedBy(link, token, context.kit()) ? link : undefined
}

/** As `linkOf`, of one that can still be used. @throws AppError link-gone */
export async function usableLink(context: WebContext, realm: Realm, token: string): Promise<SetUpLink> {
  const link = await linkOf(context, realm, token)
  if (link !== undefined && isUsable(link, context.kit().now)) return link
  throw goneLink(realm)
}

/** The link whose button was pressed in this browser a short while ago, used or not. */
export async function heldLink(
  context: WebContext,
  realm: Realm,
  request: Request,
): Promise<SetUpLink | undefined> {
  return await linkOf(context, realm, linkCookie(context, realm, request) ?? '')
}

/** One page for a link that was used, replaced, is old or was never sent: which of them is nobody's to learn (R11). */
export function goneLink(realm: Realm): AppError {
  return new AppError('link-gone', 'the link can not be used', `${realm.keycloakIssuer}/account/`)
}
