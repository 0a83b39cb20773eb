import { createServer } from 'node:http'
import sparticuz from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'
import type { Renderer } from '../../src/web/render/render.ts'

/** What the server will send with every page of the step. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self' data:; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** Chromium without a window. Whoever asks for it closes it. */
export async function openBrowser(): Promise<Browser> {
  const args =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
    '--disable-component-update --disable-sync'
  return chromium.launch({ executablePath: await sparticuz.executablePath(), args: args.split(' ') })
}

/**
 * Serves a renderer's assets, and whatever page `pageAt` makes for an address, on a free port of this machine.
 * What is posted is answered with an empty page and kept in `posts`.
 */
export async function servePages(
  renderer: Pick<Renderer, 'asset'>,
  pageAt: (url: URL) => string | undefined,
) {
  const posts: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const asset = renderer.asset(url.pathname.replace(/^.*\/resources\//, ''))
    const page = asset ? undefined : pageAt(url)
    if (request.method === 'POST') {
      request.on('data', (chunk: Buffer) => posts.push(chunk.toString()))
      request.on('end', () => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>taken</p>'))
    } else if (asset) response.writeHead(200, { 'content-type': asset.type }).end(asset.body)
    else if (page === undefined) response.writeHead(404).end()
    else {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
      })
      response.end(page)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    posts,
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: () => new Promise<unknown>((resolve) => server.close(resolve)),
  }
}
