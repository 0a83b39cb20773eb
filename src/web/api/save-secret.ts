import type { SecretName } from '../../core/administration/administration.ts'
import { changeSecret } from '../../core/administration/changes.ts'
import type { Answer, Call } from './endpoint.ts'

/**
 * Sets a secret of the realm; it is sealed, and nothing shows it again.
 * @param read where it stands in the body
 */
export function saveSecret<Body>(name: SecretName, read: (body: Body) => string) {
  return async ({ context, realm, by, body }: Call<unknown, unknown, Body>): Promise<Answer<undefined>> => {
    await context.admin.commit(changeSecret(realm.name, name, read(body), by))
    return { body: undefined }
  }
}
