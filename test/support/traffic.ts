import type { IncomingMessage, ServerResponse } from 'node:http'

/** Fields of forms and JSON that hold what must not be written down. */
const FIELDS = new Set([
  'access_token',
  'client_assertion',
  'code',
  'code_verifier',
  'id_token',
  'logout_token',
  'password',
  'phone',
  'refresh_token',
  'request',
  'request_uri',
  'response',
  'secret',
  'state',
  'token',
])
/** What looks like one: digits of a code or a number, a code in fours, or random text. The rest stands in any text by chance. */
const SECRET = /^(?:\d{6,15}|[0-9A-Z]{4}(?:-[0-9A-Z]{4})+|(?=.*\d)(?=.*[A-Za-z])[\w-]{20,})$/
/** Characters of an answer; what is larger is a description or a list. */
const LARGEST = 50_000
/** Secrets by their shape, whoever sent them: signed tokens, key URIs, whole numbers but Twilio's senders for tests. */
const SHAPES = [
  /\beyJ[\w-]{10,}\.[\w-]{10,}/,
  /otpauth:\/\/[^\s"]+/,
  /(?<![\w:.-])\+(?!1500555)[1-9]\d{7,14}(?!\d)/,
]

/**
 * Every code, secret, number and token that passed by the sidecars of this process, in either direction; so that what
 * they write down can be searched for them (R23, P17).
 */
export class Traffic {
  readonly #seen = new Map<string, string>()

  /** Looks at a request and its answer, and changes neither. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    const emit = request.emit.bind(request)
    request.emit = ((event: string, ...given: unknown[]) => {
      if (event === 'data') chunks.push(given[0] as Buffer)
      if (event === 'end') this.#request(request, Buffer.concat(chunks).toString())
      return emit(event, ...given)
    }) as typeof request.emit
    const end = response.end.bind(response)
    response.end = ((...given: unknown[]) => {
      this.#response(
        response,
        typeof given[0] === 'string' || Buffer.isBuffer(given[0]) ? String(given[0]) : '',
      )
      return (end as (...all: unknown[]) => ServerResponse)(...given)
    }) as typeof response.end
  }

  /** What of it stands in a text, each with what it is. */
  leaksIn(text: string): string[] {
    const shapes = SHAPES.flatMap((shape) => shape.exec(text)?.slice(0, 1) ?? [])
    const parts = new Set(partsOf(text.replaceAll(/%[\da-f]{2}/gi, ' ')))
    const known = [...this.#seen].filter(([value]) => parts.has(value))
    return [...known.map(([value, what]) => `${what}: ${value}`), ...shapes]
  }

  /** By its longest part, which is what is left of it in any encoding of a text. */
  #keep(what: string, value: string | null | undefined): void {
    const [longest = ''] = partsOf(value ?? '').toSorted((a, b) => b.length - a.length)
    if (SECRET.test(longest)) this.#seen.set(longest, what)
  }

  #fields(what: string, fields: Iterable<[string, unknown]>): void {
    for (const [name, value] of fields) {
      if (FIELDS.has(name) && typeof value === 'string') this.#keep(`${what} ${name}`, value)
    }
  }

  #request(request: IncomingMessage, body: string): void {
    const type = request.headers['content-type'] ?? ''
    if (type.includes('urlencoded')) this.#fields('form', new URLSearchParams(body))
    if (type.includes('json')) this.#fields('JSON', entriesOf(body))
    this.#fields('query', new URL(request.url ?? '', 'http://sidecar').searchParams)
    this.#keep('bearer', /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1])
    for (const cookie of (request.headers.cookie ?? '').split('; ')) this.#cookie(cookie)
  }

  #response(response: ServerResponse, body: string): void {
    const set = response.getHeader('set-cookie')
    for (const cookie of Array.isArray(set) ? set : []) this.#cookie(cookie.split(';', 1)[0] ?? '')
    const location = response.getHeader('location')
    if (typeof location === 'string')
      this.#fields('Location', new URL(location, 'http://sidecar').searchParams)
    this.#keep('secret', /id="secret"[^>]*>([^<]+)</.exec(body)?.[1]?.replaceAll(/\s/g, ''))
    const list = /id="backup-codes"[^]*?<\/(?:ul|ol|dl|div)>/.exec(body)?.[0] ?? ''
    for (const [code] of list.matchAll(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/g)) this.#keep('backup code', code)
    const isJson = String(response.getHeader('content-type')).includes('json')
    if (isJson && body.length < LARGEST) this.#fields('answer', entriesOf(body))
  }

  /** The ids that stand beside a secret are none: they are shorter. */
  #cookie(cookie: string): void {
    const at = cookie.indexOf('=')
    const parts = cookie.slice(at + 1).split('.')
    if (/lk/i.test(cookie.slice(0, at)))
      this.#keep(
        'cookie',
        parts.find((part) => part.length >= 32),
      )
  }
}

function partsOf(text: string): string[] {
  return text.split(/[^\w-]+/)
}

function entriesOf(json: string): [string, unknown][] {
  try {
    return Object.entries(JSON.parse(json) as object)
  } catch {
    return []
  }
}
