import Handlebars from 'handlebars'
import type { Mail } from '../../core/notices/mail.ts'
import type { Notice, Outgoing } from '../../core/notices/outbox.ts'
import { oneLine } from '../../core/one-line.ts'
import { directionOf, formatMessage } from './messages.ts'
import type { Texts } from './messages.ts'
import { loadTheme } from './theme.ts'

/** A code that goes out by mail. */
interface CodeMail {
  to: string
  locale: string | undefined
  realmDisplayName: string
  username: string
  code: string
  /** How long the code is good, minutes. */
  minutes: number
}

/** A link that goes out by mail. */
interface LinkMail extends Pick<CodeMail, 'to' | 'locale' | 'realmDisplayName' | 'username'> {
  url: string
  /** How long the link is good, hours. */
  hours: number
}

/** Writes mail in the words and the look of a theme. Made once at start. */
export interface MailWriter {
  code(mail: CodeMail): Mail
  /** With the link of a first set-up. */
  link(mail: LinkMail): Mail
  notice(message: Outgoing): Mail
  /** Says that mail arrives. */
  test(mail: Pick<CodeMail, 'to' | 'locale' | 'realmDisplayName'>): Mail
  /** A notice in a line of plain text, for a text message. */
  noticeLine(message: Outgoing): string
  /** Says that text messages arrive. */
  testLine(message: Pick<CodeMail, 'locale' | 'realmDisplayName'>): string
}

interface Parts {
  subject: string
  title: string
  lines: string[]
  code?: string
  button?: { url: string; label: string }
  facts: { label: string; value: string }[]
  after: string[]
}

/** What happened at somebody's hands who may not be the user. */
const ALARMING = new Set<Notice['kind']>([
  'attempt-failed',
  'locked',
  'method-added',
  'method-removed',
  'backup-code-used',
  'method-cloned',
  'device-trusted',
  'device-copied',
  'bypass-used',
])

/** Loads the e-mail theme. Throws, naming the file, where a template is missing or faulty. */
export function createMailWriter({
  themesDir,
  theme: name,
}: {
  themesDir: string
  theme: string
}): MailWriter {
  const theme = loadTheme(themesDir, name, 'email')
  const compile = (file: string, noEscape: boolean) => {
    const source = theme.templates.get(file)
    if (source === undefined) throw new Error(`The e-mail theme "${name}" has no template "${file}"`)
    const options = { noEscape, knownHelpersOnly: true }
    // `compile` alone would wait for the first message to find a fault.
    Handlebars.precompile(source, options)
    return Handlebars.compile(source, options)
  }
  const html = compile('html', false)
  // Plain text has nothing to escape.
  const text = compile('text', true)

  const localeOf = (asked: string | undefined): string =>
    theme.locales.find((tag) => tag === asked) ??
    theme.locales.find((tag) => tag === asked?.split('-', 1)[0]) ??
    theme.locales[0] ??
    'en'

  function write(to: string, locale: string, realm: string, parts: Parts): Mail {
    const context = { ...parts, realm: oneLine(realm), locale, dir: directionOf(locale) }
    // A name could be an encoded word (RFC 2047), which readers of mail decode to line breaks.
    const subject = parts.subject.replaceAll('=?', '= ?')
    return { to, subject, html: html(context), text: text(context) }
  }

  function partsOf(message: Outgoing, locale: string): Parts {
    const { notice, realmDisplayName, username } = message
    const say = speaker(theme.texts(locale), locale, [realmDisplayName, username, endOf(notice, locale)])
    const special = `notice.${notice.kind}.administrator`
    const byAdministrator = notice.byAdministrator === true && theme.texts(locale).has(special)
    return {
      subject: say(`notice.${notice.kind}.subject`),
      title: say(`notice.${notice.kind}.title`),
      lines: [say('greeting'), say(byAdministrator ? special : `notice.${notice.kind}.line`)],
      // What is still to come did not happen anywhere.
      facts: notice.until === undefined ? factsOf(notice, locale, say) : [],
      after: ALARMING.has(notice.kind) && !byAdministrator ? [say('needNotAct'), say('notYou')] : [],
    }
  }

  return {
    code({ to, locale: asked, realmDisplayName, username, code, minutes }) {
      const locale = localeOf(asked)
      const say = speaker(theme.texts(locale), locale, [realmDisplayName, username, String(minutes), code])
      return write(to, locale, realmDisplayName, {
        subject: say('code.subject'),
        title: say('code.title'),
        lines: [say('greeting'), say('code.line')],
        code,
        facts: [],
        after: [say('code.after')],
      })
    },
    link({ to, locale: asked, realmDisplayName, username, url, hours }) {
      const locale = localeOf(asked)
      const say = speaker(theme.texts(locale), locale, [realmDisplayName, username, String(hours)])
      return write(to, locale, realmDisplayName, {
        subject: say('link.subject'),
        title: say('link.title'),
        lines: [say('greeting'), say('link.line')],
        button: { url, label: say('link.button') },
        facts: [],
        after: [say('link.once'), say('link.after')],
      })
    },
    notice(message) {
      const locale = localeOf(message.locale)
      return write(message.to, locale, message.realmDisplayName, partsOf(message, locale))
    },
    test({ to, locale: asked, realmDisplayName }) {
      const locale = localeOf(asked)
      const say = speaker(theme.texts(locale), locale, [realmDisplayName])
      const [subject, title, line] = [say('test.subject'), say('test.title'), say('test.line')]
      return write(to, locale, realmDisplayName, { subject, title, lines: [line], facts: [], after: [] })
    },
    testLine({ locale: asked, realmDisplayName }) {
      const locale = localeOf(asked)
      return speaker(theme.texts(locale), locale, [realmDisplayName])('test.sms')
    },
    noticeLine(message) {
      const { subject, facts } = partsOf(message, localeOf(message.locale))
      return `${oneLine(message.realmDisplayName)}: ${[subject, ...facts.map(({ value }) => value)].join(' - ')}`
    },
  }
}

/** The end of a grace in words, in its own time zone. */
function endOf({ until, timeZone = 'UTC' }: Notice, locale: string): string {
  if (until === undefined) return ''
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone }).format(until)
}

function factsOf(notice: Notice, locale: string, say: (key: string) => string): Parts['facts'] {
  const at = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long', timeZone: 'UTC' })
  const facts = {
    at: at.format(notice.at),
    method: notice.method === undefined ? undefined : say(`method.${notice.method}`),
    application: notice.application,
    address: notice.address,
    by: notice.by,
  }
  return Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [{ label: say(`fact.${name}`), value: oneLine(value) }],
  )
}

/** Names are put in as one line, or a name could write lines of its own, in the text and beside a code. */
function speaker(texts: Texts, locale: string, args: readonly string[]): (key: string) => string {
  const clean = args.map(oneLine)
  return (key) => {
    const pattern = texts.get(key)
    return pattern === undefined ? key : formatMessage(pattern, clean, locale)
  }
}
