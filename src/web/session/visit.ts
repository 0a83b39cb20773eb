import { DirectoryError } from '../../core/sync/directory.ts'
import type { DirectoryUser } from '../../core/sync/directory.ts'
import { AppError } from '../../core/errors.ts'
import type { OwnVisit } from '../../core/pages/own-step.ts'
import type { Background } from '../../core/ports.ts'
import { token } from '../../core/login/step.ts'
import type { WebContext } from '../context.ts'
import type { PageSession } from './session.ts'

/** What is known of whoever opened a page: what Keycloak says now, and what the database has. */
export interface Visit {
  visit: OwnVisit
  background: Background
}

/**
 * Reads what a decision about this user rests on; Keycloak is asked for what its claims would tell at a login.
 * @param nonce of a step that may have begun before; default: one of its own
 * @throws AppError unavailable where Keycloak can't be asked, expired where it has no such user any more
 */
export async function visitOf(
  context: WebContext,
  session: PageSession,
  nonce = token(context.kit()),
): Promise<Visit> {
  const { realm, userId, sid } = session
  const [{ user, groups }, background, known] = await Promise.all([
    askKeycloak(context, session),
    context.store.background(realm.name, userId, nonce),
    context.admin.groups(realm.name),
  ])
  const above = known.filter(
    ({ path, goneAt }) => goneAt === undefined && groups.some((group) => group.path.startsWith(`${path}/`)),
  )
  const realmDisplayName = background.settings.issuerName ?? realm.name
  return {
    background,
    visit: {
      account: {
        realm: realm.name,
        userId,
        username: user.username,
        issuer: realmDisplayName,
        ...(user.email === undefined ? {} : { email: user.email }),
        ...(user.emailVerified === true ? { emailVerified: true } : {}),
        ...(user.phone === undefined ? {} : { phone: user.phone }),
      },
      sid,
      nonce,
      claims: {
        groups: [...groups, ...above.map(({ id, path }) => ({ id, path }))],
        roles: [...session.roles],
      },
      locale: session.locale,
      locales: context.renderer.locales,
      realmDisplayName,
      home: `${realm.issuer}/account`,
    },
  }
}

async function askKeycloak(
  context: WebContext,
  { realm, userId }: PageSession,
): Promise<{ user: DirectoryUser; groups: { id: string; path: string }[] }> {
  const directory = context.directoryOf(realm.name)
  try {
    const [user, groups] = await Promise.all([directory.user(userId), directory.groupsOf(userId)])
    if (user !== undefined && groups !== undefined) return { user, groups }
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    context.log.warn({ realm: realm.name, why: error.message }, 'Keycloak could not be asked for a user')
    throw new AppError('unavailable', error.message)
  }
  throw new AppError('expired', 'Keycloak has no such user any more')
}
