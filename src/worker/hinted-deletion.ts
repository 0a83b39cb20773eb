import { ADMINISTERS } from '../core/administration/authority.ts'
import { consoleProtection, followDeletion, refuseDeletion } from '../core/administration/console.ts'
import { noticesTo } from '../core/notices/notices.ts'
import { DirectoryError } from '../core/sync/directory.ts'
import type { KeptHint } from '../core/sync/sync-store.ts'
import type { Tenure } from './tenure.ts'

/**
 * An administrator deleted a credential in Keycloak's console. Where it is a method of ours, and Keycloak does not list it
 * for the user any more, it is revoked; the user is told (R18).
 * @throws DirectoryError where Keycloak does not say: the hint stays
 */
export async function hintedDeletion(tenure: Tenure, hint: KeptHint): Promise<void> {
  const { realm, admin, directory, read, registry, random } = tenure
  const [userId, credentialId] = JSON.parse(hint.id) as [string, string]
  const record = await admin.user(realm, userId)
  const deleted = record?.methods.filter(({ id }) => id === credentialId) ?? []
  const [method] = deleted
  if (record === undefined || method === undefined) return await tenure.commit({ done: [hint] })

  const listed = await read(directory.credentialsOf(userId))
  const live = await read(directory.rolesOf(userId))
  if (listed === undefined || live === undefined || listed.includes(credentialId)) {
    return await tenure.commit({ done: [hint] })
  }
  const administers = hint.administers ?? record.roles?.includes(ADMINISTERS)
  const told = administers === undefined ? undefined : administers ? [ADMINISTERS] : []
  const protection = consoleProtection({ id: userId, live, told })
  const deletion = { realm, userId, methods: record.methods, deleted, at: tenure.now() }
  if (protection !== undefined) {
    return await tenure.commit({ done: [hint], audit: refuseDeletion(deletion, protection) })
  }
  const { ids, audit } = followDeletion(deletion, registry)
  const notices = noticesTo(
    record,
    await admin.policy(realm),
    { realm, kind: 'method-removed', method: method.method },
    { now: tenure.now(), random },
  )
  const written = await admin.commit({ realm, revoke: { userId, ids }, notices, audit })
  if (written !== 'written')
    throw new DirectoryError('unreachable', 'another change of the user came between')
  await tenure.commit({ done: [hint] })
}
