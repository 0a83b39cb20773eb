import type { AdminStore } from '../core/administration/administration.ts'
import type { Kit } from '../core/login/step.ts'
import { reminderOf, remindsAnybody } from '../core/notices/reminders.ts'
import type { ReminderStore } from '../core/notices/reminders.ts'

/** How often it is looked for whom to remind, milliseconds. */
export const REMIND_EVERY = 60_000

/** What reminding needs. */
interface Reminding {
  admin: Pick<AdminStore, 'policy' | 'everybody'>
  store: ReminderStore
  realms: readonly string[]
  kit: () => Kit
}

/**
 * Looks through the users who must set up and have not, and reminds by mail those whose grace ends soon. Any number of
 * servers may: the store tells each reminder once.
 * @returns does so once and gives how many were reminded; nothing while an earlier call is still at it
 */
export function createReminders({ admin, store, realms, kit }: Reminding): () => Promise<number> {
  let busy = false
  return async () => {
    if (busy) return 0
    busy = true
    try {
      let count = 0
      for (const realm of realms) count += await remindRealm(realm)
      return count
    } finally {
      busy = false
    }
  }

  async function remindRealm(realm: string): Promise<number> {
    const policy = await admin.policy(realm)
    if (!remindsAnybody(policy)) return 0
    let count = 0
    for await (const people of admin.everybody(realm, 'required-not-enrolled')) {
      for (const person of people) {
        const reminder = reminderOf(realm, person, policy, kit())
        if (reminder !== undefined && (await store.remind(realm, reminder))) count += 1
      }
    }
    return count
  }
}
