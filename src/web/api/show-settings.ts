import type { RealmSettings } from '../../core/settings.ts'
import type { Answer, Call } from './endpoint.ts'

export async function showSettings({ policy }: Call): Promise<Answer<RealmSettings>> {
  return { body: policy.settings, version: policy.version }
}
