import { createRealmMailer } from '../adapters/mail/realm-mailer.ts'
import { reachable } from '../adapters/mail/reach.ts'
import { createMailer } from '../adapters/mail/smtp.ts'
import { deliveryOf } from '../adapters/sms/delivery.ts'
import { createRealmCourier, hasCourier } from '../adapters/sms/realm-courier.ts'
import type { Config } from '../config.ts'
import type { SecretName } from '../core/administration/administration.ts'
import type { RealmSettings } from '../core/settings.ts'
import type { WebContext } from '../web/context.ts'
import { createMailWriter } from '../web/render/mail.ts'
import type { Watch } from './watch.ts'

interface Wiring {
  /** A realm's secret in plain text; undefined where it has none. */
  secretOf: (realm: string, name: SecretName) => Promise<string | undefined>
  watch: Watch
}

/** How messages go out, and what a trial or a provider adds to the server; what becomes of them is seen by the watch. */
export function sendBy(config: Config, { secretOf, watch }: Wiring) {
  const { courier: operator, ...web } = deliveryOf(config)
  const mailer = createRealmMailer(
    createMailer(config.privateHosts),
    async (realm) => await secretOf(realm, 'mail-password'),
    web.inbox,
  )
  const mail: WebContext['mail'] = {
    writer: createMailWriter({ themesDir: config.themesDir, theme: config.theme }),
    send: watch.sending('mail', mailer),
  }
  const post = {
    operator,
    isTrial: web.inbox !== undefined,
    secretOf,
    reach: async (host: string) => await reachable(host, config.privateHosts),
    privateHosts: config.privateHosts,
    twilioUrl: config.twilioUrl,
  }
  return {
    mail,
    sendText: watch.sending('textMessages', createRealmCourier(post)),
    sendsTexts: (settings: RealmSettings) => hasCourier(post, settings),
    web,
  }
}
