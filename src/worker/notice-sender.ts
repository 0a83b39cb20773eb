import { WORKER } from '../core/audit/audit.ts'
import { noticeCounts } from '../core/login/sending.ts'
import type { Kit } from '../core/login/step.ts'
import type { Mail, Mailed } from '../core/notices/mail.ts'
import type { Outgoing } from '../core/notices/outbox.ts'
import type { Handover, LoginStore, TextMessage } from '../core/ports.ts'
import type { RealmSettings } from '../core/settings.ts'

/** What notices go out by. */
interface Ways {
  settingsOf: (realm: string) => Promise<RealmSettings>
  store: Pick<LoginStore, 'commit'>
  kit: () => Pick<Kit, 'now' | 'mac'>
  writer: { notice(message: Outgoing): Mail; noticeLine(message: Outgoing): string }
  sendMail: (realm: string, settings: RealmSettings, mail: Mail) => Promise<Mailed>
  sendText: (realm: string, settings: RealmSettings, message: TextMessage) => Promise<Handover>
}

/** Hands a notice over by the way that it names; one by text message is counted, and written down, before it goes. */
export function createNoticeSender({ settingsOf, store, kit, writer, sendMail, sendText }: Ways) {
  return async (message: Outgoing): Promise<Handover> => {
    const { realm, userId, to } = message
    const settings = await settingsOf(realm)
    if (message.channel === 'mail') return await sendMail(realm, settings, writer.notice(message))
    const now = kit()
    const counted = await store.commit({
      realm,
      userId,
      counts: noticeCounts(message, settings, now),
      audit: [
        {
          event: 'notice.texted',
          realm,
          userId,
          actor: WORKER,
          at: now.now,
          detail: { kind: message.notice.kind },
        },
      ],
    })
    if (counted !== 'written') return { result: 'failed', why: 'a limit on text messages stands' }
    return await sendText(realm, settings, { to, text: writer.noticeLine(message) })
  }
}
