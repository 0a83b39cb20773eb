import type { z } from 'zod'
import type { SettingsPatch } from '../../core/administration/policy-input.ts'
import { changeSettings } from './change-settings.ts'
import { DONE, endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { listSecrets } from './list-secrets.ts'
import { removeSecret } from './remove-secret.ts'
import { saveSecret } from './save-secret.ts'
import { authTokenBody, passwordBody, secretsAnswer, webhookSecretBody } from './secret-schemas.ts'
import { SETTINGS_EXAMPLE, settingsAnswer } from './settings-schemas.ts'
import { showSettings } from './show-settings.ts'
import { testMail } from './test-mail.ts'
import { mailTestBody, smsTestBody, testAnswer } from './test-schemas.ts'
import { testSms } from './test-sms.ts'

/** The lines of the table that are about a realm's settings. @param patch the schema of a merge patch of them */
export function settingsEndpoints(patch: z.ZodType<SettingsPatch>): Endpoint[] {
  return [
    endpoint('get /settings', {
      id: 'showSettings',
      summary: "The realm's settings with their defaults",
      who: 'reader',
      answer: settingsAnswer,
      example: SETTINGS_EXAMPLE,
      does: showSettings,
    }),
    endpoint('patch /settings', {
      id: 'changeSettings',
      summary: 'Change settings by a merge patch (RFC 7396): null puts one back to its default',
      who: 'administrator',
      writes: true,
      precondition: 'change',
      bodyType: 'application/merge-patch+json',
      body: patch,
      answer: settingsAnswer,
      example: SETTINGS_EXAMPLE,
      does: changeSettings,
    }),
    endpoint('put /settings/mail-password', {
      id: 'saveMailPassword',
      summary: "Set the password of the realm's mail server",
      who: 'administrator',
      writes: true,
      body: passwordBody,
      statuses: DONE,
      does: saveSecret('mail-password', ({ password }) => password),
    }),
    endpoint('delete /settings/mail-password', {
      id: 'removeMailPassword',
      summary: "Take the mail server's password away",
      who: 'administrator',
      writes: true,
      statuses: DONE,
      does: removeSecret('mail-password'),
    }),
    endpoint('post /settings/mail-test', {
      id: 'testMail',
      summary: "Send a message by the realm's mail server, and say what became of it",
      who: 'administrator',
      writes: true,
      body: mailTestBody,
      answer: testAnswer,
      example: { result: 'failed', why: 'no connection to the server' },
      refuses: ['no-mail-server'],
      does: testMail,
    }),
    endpoint('put /settings/twilio-auth-token', {
      id: 'saveTwilioAuthToken',
      summary: "Set the auth token of the realm's account at Twilio",
      who: 'administrator',
      writes: true,
      body: authTokenBody,
      statuses: DONE,
      does: saveSecret('twilio-auth-token', ({ authToken }) => authToken),
    }),
    endpoint('delete /settings/twilio-auth-token', {
      id: 'removeTwilioAuthToken',
      summary: 'Take the auth token for Twilio away',
      who: 'administrator',
      writes: true,
      statuses: DONE,
      does: removeSecret('twilio-auth-token'),
    }),
    endpoint('put /settings/sms-webhook-secret', {
      id: 'saveSmsWebhookSecret',
      summary: "Set the key that signs what the realm's webhook is sent",
      who: 'administrator',
      writes: true,
      body: webhookSecretBody,
      statuses: DONE,
      does: saveSecret('sms-webhook-secret', ({ secret }) => secret),
    }),
    endpoint('delete /settings/sms-webhook-secret', {
      id: 'removeSmsWebhookSecret',
      summary: "Take the webhook's key away",
      who: 'administrator',
      writes: true,
      statuses: DONE,
      does: removeSecret('sms-webhook-secret'),
    }),
    endpoint('get /settings/secrets', {
      id: 'listSecrets',
      summary: 'Which secrets are set; never what they are',
      who: 'reader',
      answer: secretsAnswer,
      example: { set: ['mail-password'] },
      does: listSecrets,
    }),
    endpoint('post /settings/sms-test', {
      id: 'testSms',
      summary: "Send a text message by the realm's provider, within every limit, and say what became of it",
      who: 'administrator',
      writes: true,
      body: smsTestBody,
      answer: testAnswer,
      example: { result: 'refused', why: 'the webhook refused the message (status 422)' },
      refuses: ['limited'],
      does: testSms,
    }),
  ]
}
