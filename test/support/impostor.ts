import { once } from 'node:events'
import { createServer } from 'node:http'
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose'

/** What a broken or hostile sidecar answers to a push. */
export type Answer =
  | 'nothing'
  | 'unsigned'
  | 'alg-none'
  | 'stranger-key'
  | 'false-as-text'
  | 'verified-in-an-error'
  | 'server-error'
  | 'client-error'
  | 'redirect'
  | 'hangs'
  | 'not-json'
  | 'too-large'

/** Stands where the sidecar should: publishes keys, and answers every push as told. */
export async function startImpostor(
  port: number,
): Promise<{ answers(answer: Answer): void; pushes(): number; stop(): Promise<void> }> {
  const own = await generateKeyPair('ES256')
  const stranger = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(own.publicKey)), kid: `impostor-${Date.now()}`, alg: 'ES256', use: 'sig' }
  let answer: Answer = 'nothing'
  let pushes = 0

  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path.endsWith('/jwks')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      pushes++
      reply(new URLSearchParams(Buffer.concat(chunks).toString()).get('request') ?? '').then(
        ({ status = 200, body, location, hang }) => {
          if (hang === true) return
          if (location !== undefined) response.setHeader('location', location)
          response.writeHead(status, { 'content-type': 'application/json' }).end(body)
        },
        () => response.destroy(),
      )
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  async function reply(
    request: string,
  ): Promise<{ status?: number; body?: string; location?: string; hang?: boolean }> {
    const { aud, iss, sub, jti, nonce } = decodeJwt(request)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: String(aud),
      aud: String(iss),
      sub,
      jti,
      nonce,
      iat: now,
      exp: now + 30,
      needed: false,
      because: {},
    }
    const header = { alg: 'ES256', kid: jwk.kid, typ: 'latchkey-decision+jwt' }
    const sign = async (payload: object, key = own.privateKey) =>
      JSON.stringify({ decision: await new SignJWT({ ...payload }).setProtectedHeader(header).sign(key) })
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    switch (answer) {
      case 'nothing':
        return { body: '' }
      case 'unsigned':
        return { body: JSON.stringify({ decision: claims, needed: false }) }
      case 'alg-none':
        return {
          body: JSON.stringify({ decision: `${encode({ ...header, alg: 'none' })}.${encode(claims)}.` }),
        }
      case 'stranger-key':
        return { body: await sign(claims, stranger.privateKey) }
      case 'false-as-text':
        return { body: await sign({ ...claims, needed: 'false' }) }
      case 'verified-in-an-error':
        return { status: 400, body: JSON.stringify({ error: 'not verified', error_description: 'verified' }) }
      case 'server-error':
        return { status: 500, body: await sign(claims) }
      case 'client-error':
        return { status: 403, body: await sign(claims) }
      case 'redirect':
        return { status: 302, location: '/elsewhere', body: await sign(claims) }
      case 'hangs':
        return { hang: true }
      case 'not-json':
        return { body: `needed: false, ${(await sign(claims)).slice(1)}` }
      case 'too-large':
        return {
          body: JSON.stringify({
            ...(JSON.parse(await sign(claims)) as object),
            padding: 'x'.repeat(2_000_000),
          }),
        }
    }
  }

  return {
    answers(next) {
      answer = next
    },
    pushes: () => pushes,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
