import { Agent, request as send } from 'node:http'
import { text } from 'node:stream/consumers'

/** Connections that all logins share, so that no side pays for new ones. */
const agent = new Agent({ keepAlive: true })

/** What a server answered. */
export interface Answer {
  status: number
  /** Where it leads; empty where it leads nowhere. */
  location: string
  body: string
}

/** One request of a login and how long its answer took, whole, in milliseconds. */
interface Leg {
  name: string
  ms: number
}

/** As much of a browser as a login needs: cookies by origin, and forms. Redirects are followed by whoever drives it. */
export class Browser {
  readonly legs: Leg[] = []
  readonly #cookies = new Map<string, Map<string, string>>()

  get(leg: string, url: string): Promise<Answer> {
    return this.#ask(leg, url)
  }

  post(leg: string, url: string, fields: Record<string, string>): Promise<Answer> {
    return this.#ask(leg, url, new URLSearchParams(fields).toString())
  }

  async #ask(leg: string, address: string, form?: string): Promise<Answer> {
    const begun = performance.now()
    const url = new URL(address)
    const jar = this.#jarOf(url.origin)
    const headers: Record<string, string> = { accept: 'text/html,application/json' }
    if (jar.size > 0) headers['cookie'] = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded'
    const answer = await new Promise<Answer>((resolve, reject) => {
      const request = send(
        url,
        { agent, method: form === undefined ? 'GET' : 'POST', headers },
        (response) => {
          for (const line of response.headers['set-cookie'] ?? []) keep(jar, line)
          const location = response.headers.location
          text(response).then(
            (body) =>
              resolve({
                status: response.statusCode ?? 0,
                location: location === undefined ? '' : new URL(location, url).href,
                body,
              }),
            reject,
          )
        },
      )
      request.on('error', reject)
      request.end(form)
    })
    this.legs.push({ name: leg, ms: performance.now() - begun })
    return answer
  }

  #jarOf(origin: string): Map<string, string> {
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar)
    return jar
  }
}

/** Closes the connections that are kept. */
export function closeConnections(): void {
  agent.destroy()
}

/** The address that the page's form posts to; the first form's unless `part` says what the address holds. */
export function formOf({ body, status }: Answer, base: string, part = ''): string {
  const actions = [...body.matchAll(/<form[^>]*\saction="([^"]+)"/g)].map(([, action]) =>
    String(action).replaceAll('&amp;', '&'),
  )
  const found = actions.find((action) => action.includes(part))
  if (found === undefined) throw new Error(`the page (${status}) has no such form: ${body.slice(0, 2000)}`)
  return new URL(found, base).href
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';')
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
  if (value === '' || /;\s*max-age=0\b/i.test(line)) jar.delete(name)
  else jar.set(name, value)
}
