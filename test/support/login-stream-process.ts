import { Agent, request } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { codeFor } from './login.ts'
import type { Ask, Prepared, Said, Streamed, Task } from './login-stream.ts'

// The process of `startLogins`: plays logins and measures them, with as little work of its own as it can.

const agent = new Agent({ keepAlive: true, maxFreeSockets: 512 })
const tell = (said: Said) => process.send?.(said)
const now = { isOver: false }

process.on('disconnect', () => process.exit())
process.on('message', (message: Task | 'end') => {
  if (message === 'end') now.isOver = true
  else void play(message).then(tell)
})
tell('listening')

async function play(task: Task): Promise<Streamed> {
  const { pace, warmUp, seconds = Infinity } = task
  const startAt = performance.now() + ('rate' in pace ? Math.max(0, pace.startAt - Date.now()) : 0)
  const from = startAt + warmUp * 1000
  const to = from + seconds * 1000
  const result: Streamed = {
    done: 0,
    failures: {},
    hadEnough: true,
    samples: { whole: [], push: [], authorize: [], page: [], answer: [], token: [] },
  }
  const told = setInterval(() => tell({ done: result.done }), 100)
  void until(from).then(() => tell('measuring'))
  const measured = Number.isFinite(to) ? until(to).then(() => tell('measured')) : undefined

  const one = async (login: Prepared, planned: number) => {
    const at = await playOne(task, login, planned)
    if (typeof at === 'string') {
      result.failures[at] = (result.failures[at] ?? 0) + 1
      return
    }
    result.done++
    const counted = 'rate' in pace ? planned : at.whole + planned
    if (counted < from || counted >= to) return
    for (const [ask, milliseconds] of Object.entries(at)) result.samples[ask as Ask].push(milliseconds)
  }
  if ('rate' in pace) {
    const underWay = new Set<Promise<void>>()
    for (let i = 0; ; i++) {
      const planned = startAt + (i * 1000) / pace.rate
      if (planned >= to) break
      await until(planned)
      if (now.isOver) break
      const login = task.logins[i]
      if (login === undefined) {
        result.hadEnough = false
        break
      }
      const playing = one(login, planned)
      underWay.add(playing)
      void playing.then(() => underWay.delete(playing))
    }
    await Promise.all(underWay)
  } else {
    let next = 0
    const lane = async () => {
      while (!now.isOver && performance.now() < to) {
        const login = task.logins[next++]
        if (login === undefined) {
          result.hadEnough = false
          return
        }
        await one(login, performance.now())
      }
    }
    await Promise.all(Array.from({ length: pace.lanes }, lane))
  }
  // Whoever measures does so to the end, also where people ran out before it; and hears of it before what came of all.
  if (!now.isOver) await measured
  clearInterval(told)
  return result
}

async function until(moment: number): Promise<void> {
  const left = moment - performance.now()
  if (left > 0) await pause(Math.ceil(left))
}

/** @returns milliseconds of each request, or the one that went wrong and what was answered */
async function playOne(
  { url, realm, clientId }: Task,
  { secret, request: signed, assertion, redirectUri }: Prepared,
  planned: number,
): Promise<Record<Ask | 'whole', number> | string> {
  const base = `${url}/realms/${realm}`
  const took = { push: 0, authorize: 0, page: 0, answer: 0, token: 0 }
  let last = planned
  const ask = async (name: Ask, expected: number, ...what: Parameters<typeof send>) => {
    const answer = await send(...what).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${name}: ${error.code ?? error.message}`)
    })
    const at = performance.now()
    took[name] = at - last
    last = at
    if (answer.status !== expected) throw new Error(`${name}: ${answer.status}`)
    return answer
  }
  try {
    const pushed = await ask('push', 201, 'POST', `${base}/par`, { client_id: clientId, request: signed })
    const { request_uri: requestUri } = JSON.parse(pushed.text) as { request_uri: string }
    const query = new URLSearchParams({ client_id: clientId, request_uri: requestUri })
    const arrived = await ask('authorize', 303, 'GET', `${base}/authorize?${query.toString()}`)
    const { cookie } = arrived
    const step = `${url}${arrived.location.split('?', 1)[0]}`
    const page = await ask('page', 200, 'GET', step, undefined, cookie)
    if (!page.text.includes('challenge/totp')) throw new Error('page: without the question for the code')
    const code = await codeFor(secret, Date.now())
    const answered = await ask('answer', 302, 'POST', `${step}/challenge/totp`, { code }, cookie)
    const proof = new URL(answered.location, url).searchParams.get('code')
    if (proof === null) throw new Error('answer: not let in')
    await ask('token', 200, 'POST', `${base}/token`, {
      grant_type: 'authorization_code',
      code: proof,
      redirect_uri: redirectUri,
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  } catch (error) {
    return (error as Error).message
  }
  return { ...took, whole: last - planned }
}

interface Answer {
  status: number
  location: string
  cookie: string
  text: string
}

async function send(
  method: 'GET' | 'POST',
  url: string,
  fields?: Record<string, string>,
  cookie?: string,
): Promise<Answer> {
  const body = fields === undefined ? undefined : Buffer.from(new URLSearchParams(fields).toString())
  return await new Promise((resolve, reject) => {
    const headers: Record<string, string | number> = {}
    if (cookie !== undefined) headers['cookie'] = cookie
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded'
      headers['content-length'] = body.length
    }
    const asked = request(url, { agent, method, headers }, (answer) => {
      textOf(answer).then(
        (text) =>
          resolve({
            status: answer.statusCode ?? 0,
            location: answer.headers.location ?? '',
            cookie: answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '',
            text,
          }),
        reject,
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
