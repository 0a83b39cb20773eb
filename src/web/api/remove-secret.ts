import type { SecretName } from '../../core/administration/administration.ts'
import { changeSecret } from '../../core/administration/changes.ts'
import type { Answer, Call } from './endpoint.ts'

/** Takes a secret of the realm away. */
export function removeSecret(name: SecretName) {
  return async ({ context, realm, by }: Call): Promise<Answer<undefined>> => {
    await context.admin.commit(changeSecret(realm.name, name, undefined, by))
    return { body: undefined }
  }
}
