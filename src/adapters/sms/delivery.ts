import type { Courier } from '../../core/ports.ts'
import { createInbox } from './inbox.ts'
import type { Inbox } from './inbox.ts'
import { callbackCheck, twilioCourier } from './twilio.ts'
import { webhookCourier } from './webhook.ts'

/** Who sends, and what they need. */
interface DeliverySettings {
  delivery: 'none' | 'twilio' | 'webhook' | 'inbox'
  /** The sidecar's public URL. */
  hostname: string
  twilioAccountSid: string
  twilioAuthToken: string
  twilioFrom: string
  twilioUrl: string
  smsWebhookUrl: string
  smsWebhookSecret: string
}

/** Who carries messages, as the operator chose. */
interface Delivery {
  courier: Courier | undefined
  inbox?: Inbox
  checkCallback?: ReturnType<typeof callbackCheck>
}

/** The courier that the operator chose, and what comes with it. */
export function deliveryOf(config: DeliverySettings): Delivery {
  switch (config.delivery) {
    case 'none':
      return { courier: undefined }
    case 'inbox': {
      const inbox = createInbox()
      return { courier: inbox, inbox }
    }
    case 'webhook':
      return { courier: webhookCourier({ url: config.smsWebhookUrl, secret: config.smsWebhookSecret }) }
    case 'twilio': {
      // It takes a second, in which nothing else is done: better now than while the first user waits for a code.
      import('twilio').catch(() => {})
      const statusCallback = `${config.hostname}/sms/status`
      const courier = twilioCourier({
        accountSid: config.twilioAccountSid,
        authToken: config.twilioAuthToken,
        from: config.twilioFrom,
        statusCallback,
        baseUrl: config.twilioUrl,
      })
      return { courier, checkCallback: callbackCheck(config.twilioAuthToken, statusCallback) }
    }
  }
}
