import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { EncryptionKey } from './adapters/secrets/sealer.ts'
import type { Realm } from './core/realm.ts'
import { rpIdFault } from './relying-party.ts'

/** An environment variable: its name, what it takes, its default, and the sentence that the README prints. */
interface Setting<T> {
  name: string
  parse: z.ZodType<T, string>
  default?: string
  /** A value that must not be shown, in an error neither. */
  secret?: true
  sentence: string
}

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a number')
  .transform(Number)
  .refine((n) => n < 65_536, 'must be at most 65535')

const address = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => !/[?#]/.test(text), 'must have neither query nor fragment')

const seconds = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a number')
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be from ${least} to ${most}`)

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true')

const encryptionKeys = z.string().transform((text, context): EncryptionKey[] => {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, id = '', encoded = ''] = /^([\w-]{1,32}):([\w+/-]+=*)$/.exec(part) ?? []
      return { id, key: Buffer.from(encoded, 'base64') }
    })
  const wrong = keys.length === 0 || keys.some(({ id, key }) => id === '' || key.length !== 32)
  if (wrong || new Set(keys.map(({ id }) => id)).size < keys.length) {
    context.addIssue({
      code: 'custom',
      message: 'must be <id>:<base64 of 32 bytes>, several parted by commas, each id once',
    })
    return z.NEVER
  }
  return keys
})

const setting = <T>(one: Setting<T>): Setting<T> => one

/** Every setting of the server, once. The README's table is made from this. */
export const SETTINGS = {
  hostname: setting({
    name: 'LATCHKEY_HOSTNAME',
    parse: address.refine((text) => new URL(text).pathname === '/', 'must have no path'),
    sentence: 'The public URL of Latchkey, as browsers reach it. It is part of every issuer.',
  }),
  passkeyRpId: setting({
    name: 'LATCHKEY_PASSKEY_RP_ID',
    parse: z.string().toLowerCase(),
    default: '',
    sentence:
      "The domain that passkeys belong to: the host of `LATCHKEY_HOSTNAME`, which is the default, or a domain above it. Passkeys that were made under another don't work any more.",
  }),
  host: setting({
    name: 'LATCHKEY_HTTP_HOST',
    parse: z.string().min(1),
    default: '127.0.0.1',
    sentence: 'The address to listen on.',
  }),
  port: setting({
    name: 'LATCHKEY_HTTP_PORT',
    parse: port,
    default: '8090',
    sentence: 'The port to listen on.',
  }),
  managementPort: setting({
    name: 'LATCHKEY_MANAGEMENT_PORT',
    parse: port,
    default: '9090',
    sentence: 'The port for `/health/live`, `/health/ready` and `/metrics`; not for the public.',
  }),
  dbUrl: setting({
    name: 'LATCHKEY_DB_URL',
    parse: z.string().regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'must be sqlite:<file> or postgres://…'),
    default: 'sqlite:latchkey.db',
    secret: true,
    sentence:
      'The database: `sqlite:<file>` for one server alone, `postgres://user:password@host/name` for any number.',
  }),
  keycloakUrl: setting({
    name: 'LATCHKEY_KEYCLOAK_URL',
    parse: address,
    sentence: "Keycloak's public URL, as in its issuers, without `/realms/…`.",
  }),
  keycloakBackchannelUrl: setting({
    name: 'LATCHKEY_KEYCLOAK_BACKCHANNEL_URL',
    parse: address.or(z.literal('')),
    default: '',
    sentence: 'Where Latchkey itself reaches Keycloak, if not by the public URL.',
  }),
  realms: setting({
    name: 'LATCHKEY_REALMS',
    parse: z
      .string()
      .transform((text) =>
        text
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      )
      .refine((names) => names.length > 0, 'must name at least one realm'),
    sentence: 'The realms to answer for, parted by commas.',
  }),
  encryptionKeys: setting({
    name: 'LATCHKEY_ENCRYPTION_KEYS',
    parse: encryptionKeys,
    secret: true,
    sentence:
      'The keys that encrypt secrets at rest: `<id>:<base64 of 32 random bytes>`, several parted by commas. The first one encrypts, all decrypt. Keep a copy: without it every user must set up again.',
  }),
  worker: setting({
    name: 'LATCHKEY_WORKER',
    parse: flag,
    default: 'true',
    sentence:
      'Whether this server reads users and groups of Keycloak, too. Of several, one at a time does; `latchkey worker` does nothing else.',
  }),
  syncInterval: setting({
    name: 'LATCHKEY_SYNC_INTERVAL',
    parse: seconds(30, 86_400),
    default: '900',
    sentence:
      'Seconds from one reading of everything to the next, 30 to 86400. What Keycloak tells of by itself is read at once.',
  }),
  delivery: setting({
    name: 'LATCHKEY_DELIVERY',
    parse: z.enum(['none', 'twilio', 'webhook', 'inbox'], 'must be none, twilio, webhook or inbox'),
    default: 'none',
    sentence:
      'Who sends text messages: `twilio`, a `webhook` of your own, or `inbox`, which sends nothing and shows them at `/dev/inbox` (for trials, on this machine only). With `none` there are none. A realm may choose a provider of its own in its settings, except with `inbox`.',
  }),
  twilioAccountSid: setting({
    name: 'LATCHKEY_TWILIO_ACCOUNT_SID',
    parse: z.string().regex(/^(AC\w+)?$/, 'must begin with AC'),
    default: '',
    sentence: "Twilio's account, `AC…`.",
  }),
  twilioAuthToken: setting({
    name: 'LATCHKEY_TWILIO_AUTH_TOKEN',
    parse: z.string(),
    default: '',
    secret: true,
    sentence: "The account's auth token.",
  }),
  twilioFrom: setting({
    name: 'LATCHKEY_TWILIO_FROM',
    parse: z.string(),
    default: '',
    sentence: 'The number to send from, in E.164, or a messaging service, `MG…`.',
  }),
  twilioUrl: setting({
    name: 'LATCHKEY_TWILIO_URL',
    parse: address,
    default: 'https://api.twilio.com',
    sentence: "Twilio's API.",
  }),
  smsWebhookUrl: setting({
    name: 'LATCHKEY_SMS_WEBHOOK_URL',
    parse: address.or(z.literal('')),
    default: '',
    sentence:
      'Where the webhook takes messages: a POST with JSON `{ to, text }`, signed as Standard Webhooks say.',
  }),
  smsWebhookSecret: setting({
    name: 'LATCHKEY_SMS_WEBHOOK_SECRET',
    parse: z.string(),
    default: '',
    secret: true,
    sentence: "The key of the webhook's HMAC-SHA-256.",
  }),
  privateHosts: setting({
    name: 'LATCHKEY_PRIVATE_HOSTS',
    parse: z.string().transform((text) =>
      text
        .toLowerCase()
        .split(/[\s,]+/)
        .filter((host) => host !== ''),
    ),
    default: '',
    sentence:
      'Hosts of private networks that a realm may name as its mail server or webhook, parted by commas, as the realm writes them; a webhook may be plain http there. Without it only servers on the public Internet are reached.',
  }),
  theme: setting({
    name: 'LATCHKEY_THEME',
    parse: z.string().regex(/^[\w-]+$/, 'must be the name of a folder'),
    default: 'keycloak',
    sentence: 'The theme of the pages: a folder of the themes folder.',
  }),
  themesDir: setting({
    name: 'LATCHKEY_THEMES_DIR',
    parse: z.string().min(1),
    default: 'themes',
    sentence: 'The folder that holds the themes.',
  }),
  allowHttp: setting({
    name: 'LATCHKEY_ALLOW_HTTP',
    parse: flag,
    default: 'false',
    sentence:
      'Whether plain http is taken for hosts other than this machine. Only for trials on a closed network.',
  }),
  trustProxy: setting({
    name: 'LATCHKEY_PROXY_HEADERS',
    parse: z.enum(['none', 'xforwarded'], 'must be none or xforwarded'),
    default: 'none',
    sentence:
      "Set to `xforwarded` behind a proxy that sets `X-Forwarded-For`: limits on text messages count by the browser's address, which is the proxy's without it.",
  }),
  shutdownDelay: setting({
    name: 'LATCHKEY_SHUTDOWN_DELAY',
    parse: seconds(0, 300),
    default: '1',
    sentence:
      'Seconds from SIGTERM until no new connection is taken, 0 to 300: `/health/ready` answers 503 meanwhile, so that a proxy sends requests elsewhere. As long as your proxy needs to notice.',
  }),
  shutdownTimeout: setting({
    name: 'LATCHKEY_SHUTDOWN_TIMEOUT',
    parse: seconds(1, 3_600),
    default: '25',
    sentence:
      'Seconds that requests and background work then have to end, 1 to 3600; what is not over is cut off, and the process ends with code 1.',
  }),
  logFormat: setting({
    name: 'LATCHKEY_LOG_FORMAT',
    parse: z.enum(['json', 'none'], 'must be json or none'),
    default: 'json',
    sentence: 'One JSON object a line, or no log.',
  }),
} as const

type Values = { [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never }

/** The server's configuration, parsed. */
export type Config = Omit<Values, 'realms'> & { realms: Realm[] }

/**
 * Reads the environment; `NAME_FILE` names a file that holds the value.
 * @throws Error that lists every fault at once, each with its setting, its rule and, unless secret, its value
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(SETTINGS)) {
    const text = read(one, environment, faults)
    if (text === undefined) continue
    const parsed = one.parse.safeParse(text)
    if (parsed.success) values[key] = parsed.data
    else {
      const shown = 'secret' in one || text === '' ? '' : ` (it is "${text}")`
      faults.push(`${one.name} ${parsed.error.issues.map(({ message }) => message).join(', ')}${shown}`)
    }
  }
  const config = values as Partial<Values>
  if (config.allowHttp !== true) {
    for (const key of ADDRESSES) {
      if (isPlainHttp(config[key] ?? '')) {
        faults.push(
          `${SETTINGS[key].name} must be https, or LATCHKEY_ALLOW_HTTP be true (it is "${config[key]}")`,
        )
      }
    }
  }
  faults.push(...deliveryFaults(config), ...passkeyFaults(config))
  if (faults.length > 0) throw new Error(`the settings are not usable:\n- ${faults.join('\n- ')}`)
  const complete = values as Values
  const passkeyRpId = complete.passkeyRpId === '' ? new URL(complete.hostname).hostname : complete.passkeyRpId
  return { ...complete, passkeyRpId, realms: complete.realms.map((name) => realmOf(name, complete)) }
}

const ADDRESSES = ['hostname', 'keycloakUrl', 'keycloakBackchannelUrl', 'twilioUrl', 'smsWebhookUrl'] as const

/** What the chosen delivery lacks. */
function deliveryFaults(config: Partial<Values>): string[] {
  const needed = {
    none: [],
    inbox: [],
    twilio: ['twilioAccountSid', 'twilioAuthToken', 'twilioFrom'],
    webhook: ['smsWebhookUrl', 'smsWebhookSecret'],
  } as const
  const faults = needed[config.delivery ?? 'none']
    .filter((key) => config[key] === '')
    .map((key) => `${SETTINGS[key].name} must be set for LATCHKEY_DELIVERY=${config.delivery}`)
  const shown = [config.host ?? '', new URL(config.hostname ?? 'http://localhost').hostname]
  if (config.delivery === 'inbox' && !shown.every(isLoopback)) {
    faults.push(
      'LATCHKEY_DELIVERY=inbox shows codes to whoever asks: LATCHKEY_HTTP_HOST must be 127.0.0.1 and LATCHKEY_HOSTNAME this machine',
    )
  }
  return faults
}

function passkeyFaults({ passkeyRpId = '', hostname }: Partial<Values>): string[] {
  const fault = passkeyRpId === '' || hostname === undefined ? undefined : rpIdFault(passkeyRpId, hostname)
  return fault === undefined ? [] : [`${SETTINGS.passkeyRpId.name} ${fault} (it is "${passkeyRpId}")`]
}

function read(one: Setting<unknown>, environment: NodeJS.ProcessEnv, faults: string[]): string | undefined {
  const file = environment[`${one.name}_FILE`]
  if (file !== undefined && file !== '') {
    try {
      return readFileSync(file, 'utf8').trim()
    } catch {
      faults.push(`${one.name}_FILE names a file that can't be read (it is "${file}")`)
      return undefined
    }
  }
  const text = environment[one.name] ?? one.default
  if (text === undefined) faults.push(`${one.name} must be set: ${one.sentence}`)
  return text
}

function realmOf(name: string, config: Values): Realm {
  const base = `/realms/${encodeURIComponent(name)}`
  const backchannel =
    config.keycloakBackchannelUrl === '' ? config.keycloakUrl : config.keycloakBackchannelUrl
  return {
    name,
    base,
    issuer: `${config.hostname}${base}`,
    keycloakIssuer: `${config.keycloakUrl}${base}`,
    keycloakUrl: `${backchannel}${base}`,
  }
}

/** Plain http to another machine: what travels there could be read and changed. */
function isPlainHttp(url: string): boolean {
  if (!url.startsWith('http:')) return false
  return !isLoopback(new URL(url).hostname)
}

function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127(\.\d+){3}$/.test(host)
}
