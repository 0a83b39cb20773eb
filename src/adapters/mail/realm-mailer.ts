import type { Mail, Mailed, Mailer } from '../../core/notices/mail.ts'
import type { RealmSettings } from '../../core/settings.ts'

/** Sends a realm's mail by the server that its settings name at this moment; never throws. */
export type RealmMailer = (realm: string, settings: RealmSettings, mail: Mail) => Promise<Mailed>

/**
 * @param passwordOf the password of the realm's mail server; undefined where there is none. Throws where it can't be read
 * @param trial keeps what would be sent
 */
export function createRealmMailer(
  mailer: Mailer,
  passwordOf: (realm: string) => Promise<string | undefined>,
  trial?: { keep(mail: Mail): Mailed },
): RealmMailer {
  return async (realm, { mail: server }, mail) => {
    if (trial !== undefined) return trial.keep(mail)
    if (server === undefined) return { result: 'failed', why: 'the realm has no mail server' }
    try {
      return await mailer.send({ ...server, password: await passwordOf(realm) }, mail)
    } catch {
      return { result: 'failed', why: "the mail server's password can't be read" }
    }
  }
}
