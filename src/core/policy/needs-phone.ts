import type { Registry } from '../method.ts'
import type { Decision } from './policy.ts'

/**
 * Whether codes by text message are the only method that stands alone and that the policy leaves a user who may be asked
 * for one: whoever adds them has to give a number (S6). Who is never asked needs none. Pure.
 */
export function needsPhone(
  { enforcement, methods }: Pick<Decision, 'enforcement' | 'methods'>,
  registry: Registry,
): boolean {
  const alone = methods.filter((id) => registry.get(id)?.companion === false)
  return (
    enforcement !== 'disabled' && alone.length > 0 && alone.every((id) => registry.get(id)?.sends === 'sms')
  )
}
