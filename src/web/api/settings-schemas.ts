import { z } from 'zod'
import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'

const bare = Object.entries(realmSettings.shape).map(([name, field]) => {
  const inner = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)
  return [name, field.description === undefined ? inner : inner.meta({ description: field.description })]
})

/** A realm's settings with all their defaults: what a merge patch is applied to. */
export const settingsAnswer = z
  .strictObject(Object.fromEntries(bare) as Record<string, z.ZodType>)
  .meta({ id: 'Settings' }) as unknown as z.ZodType<RealmSettings>

export const SETTINGS_EXAMPLE = realmSettings.parse({ enforcement: 'required' })
