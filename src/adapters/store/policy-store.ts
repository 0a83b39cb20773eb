import type { Rule } from '../../core/policy/policy.ts'
import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { Database } from './database.ts'
import { fromRule } from './rows.ts'

/** Sets a realm's policy without asking what was there before: for trials and tests. In force at the next request. */
export interface PolicyStore {
  /** Sets the realm's settings; what is absent has its default. Throws where a value is out of bounds. */
  saveSettings(realm: string, settings: Partial<RealmSettings>): Promise<void>
  /** Sets what a group means. */
  saveRule(realm: string, rule: Rule): Promise<void>
}

export function createPolicyStore({ db }: Pick<Database, 'db'>): PolicyStore {
  return {
    async saveSettings(name, settings) {
      realmSettings.parse(settings)
      const text = JSON.stringify(settings)
      await db
        .insertInto('realm')
        .values({ name, settings: text, version: 1 })
        .onConflict((on) =>
          on.column('name').doUpdateSet((eb) => ({ settings: text, version: eb('realm.version', '+', 1) })),
        )
        .execute()
    },

    async saveRule(realm, rule) {
      const row = fromRule(rule)
      await db
        .insertInto('rule')
        .values({ realm, ...row, version: 1 })
        .onConflict((on) =>
          on
            .columns(['realm', 'group_id'])
            .doUpdateSet((eb) => ({ ...row, version: eb('rule.version', '+', 1) })),
        )
        .execute()
    },
  }
}
