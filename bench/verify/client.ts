import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { inLanes } from '../../test/chaos/lanes.ts'

// The one client of all rivals. It shares the machine with what it measures, so it does next to nothing: requests are
// written out before the clock starts, and of an answer it reads the status, the Location and as many bytes as were told.

/** A request as it goes over the wire, and what its answer must be. */
export interface Ask {
  bytes: Buffer
  isAsExpected(answer: Answer): boolean
}

export interface Answer {
  status: number
  /** Empty where there is none. */
  location: string
  body: string
}

/** A form that is posted; `cookie` as a browser sends it. */
export function formPost(
  host: string,
  path: string,
  fields: Record<string, string>,
  cookie?: string,
): Buffer {
  const body = new URLSearchParams(fields).toString()
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * Sends them all over so many connections, on each the next once the last was answered.
 * @param host with its port
 * @returns seconds from the first to the last
 * @throws Error where an answer is not as expected: a server that fails fast is no fast server
 */
export async function volley(host: string, asks: readonly Ask[], lanes: number): Promise<number> {
  const lines = Array.from({ length: Math.min(lanes, asks.length) }, () => new Line(host))
  await Promise.all(lines.map(async (line) => await line.open()))
  const begun = performance.now()
  await inLanes(asks.length, lines.length, async (i) => {
    const line = lines.pop()
    const ask = asks[i]
    if (line === undefined || ask === undefined) throw new Error('there are more lanes than connections')
    const answer = await line.send(ask.bytes)
    lines.push(line)
    if (ask.isAsExpected(answer)) return
    const { status, location, body } = answer
    throw new Error(`${host} answered ${status} ${location.split('?', 1)[0]} ${body.slice(0, 300)}`)
  })
  const seconds = (performance.now() - begun) / 1000
  for (const line of lines) line.close()
  return seconds
}

/** A connection that is kept while the server keeps it. */
class Line {
  readonly #host: string
  #socket: Socket | undefined
  #take: ((answer: Answer) => void) | undefined
  #fail: ((error: Error) => void) | undefined
  #read = ''

  constructor(host: string) {
    this.#host = host
  }

  async open(): Promise<void> {
    const [name = '', port] = this.#host.split(':')
    const socket = connect({ host: name, port: Number(port), noDelay: true })
    this.#socket = socket
    await once(socket, 'connect')
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('error', (error) => this.#fail?.(error))
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      this.#fail?.(new Error(`${this.#host} ended the connection without an answer`))
    })
  }

  async send(bytes: Buffer): Promise<Answer> {
    if (this.#socket === undefined) await this.open()
    return await new Promise((resolve, reject) => {
      ;[this.#take, this.#fail] = [resolve, reject]
      this.#socket?.write(bytes)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #receive(text: string): void {
    this.#read += text
    const end = this.#read.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#read.slice(0, end)
    const length = /^content-length: *(\d+)/im.exec(head)?.[1]
    if (length === undefined) {
      this.#fail?.(new Error(`an answer of ${this.#host} does not tell its length`))
      return
    }
    const bodyEnd = end + 4 + Number(length)
    if (this.#read.length < bodyEnd) return
    const body = this.#read.slice(end + 4, bodyEnd)
    this.#read = this.#read.slice(bodyEnd)
    if (/^connection: *close/im.test(head)) {
      // The server ends it in a moment: the next request is to open another.
      this.#socket?.destroy()
      this.#socket = undefined
    }
    const take = this.#take
    ;[this.#take, this.#fail] = [undefined, undefined]
    take?.({
      status: Number(head.slice(9, 12)),
      location: /^location: *(.*)$/im.exec(head)?.[1]?.trim() ?? '',
      body,
    })
  }
}
