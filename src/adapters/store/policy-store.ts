import type { Rule } from '../../core/policy.ts'
import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { Database } from './database.ts'
import { fromRule } from './rows.ts'

/** Writes what a realm's administrators decide; in force at the next request. */
export interface PolicyStore {
  /** Sets the realm's settings; what is absent has its default. Throws where a value is out of bounds. */
  saveSettings(realm: string, settings: Partial<RealmSettings>): Promise<void>
  /** Sets what a group means. */
  saveRule(realm: string, rule: Rule): Promise<void>
  /** Sets the settings and every rule: a group that has none here has none any more. */
  replace(realm: string, settings: Partial<RealmSettings>, rules: readonly Rule[]): Promise<void>
}

export function createPolicyStore({ db }: Pick<Database, 'db'>): PolicyStore {
  return {
    async saveSettings(name, settings) {
      realmSettings.parse(settings)
      const text = JSON.stringify(settings)
      await db
        .insertInto('realm')
        .values({ name, settings: text })
        .onConflict((on) => on.column('name').doUpdateSet({ settings: text }))
        .execute()
    },

    async saveRule(realm, rule) {
      const row = fromRule(rule)
      await db
        .insertInto('rule')
        .values({ realm, ...row })
        .onConflict((on) => on.columns(['realm', 'group_id']).doUpdateSet(row))
        .execute()
    },

    async replace(realm, settings, rules) {
      await db.transaction().execute(async (transaction) => {
        const store = createPolicyStore({ db: transaction })
        await transaction.deleteFrom('rule').where('realm', '=', realm).execute()
        await store.saveSettings(realm, settings)
        for (const rule of rules) await store.saveRule(realm, rule)
      })
    },
  }
}
