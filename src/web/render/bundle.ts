import { createHash } from 'node:crypto'
import { extname, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Theme } from './theme.ts'

/** A static file of a theme, held in memory. */
export interface Asset {
  type: string
  body: Buffer
  /** The same, compressed, for browsers that accept it. */
  gzip: Buffer
  etag: string
  /** False where the address names another version, as during an upgrade: then it must not be kept for long. */
  immutable: boolean
}

const types: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** The theme's style sheets as one, with its fonts and pictures inside, so that a page needs no further request. */
export function bundleStyles(theme: Theme): string {
  return theme.styles.map((path) => inline(theme, path)).join('\n')
}

/** A file to serve, and the hash of its content that goes into its address. */
export function assetOf(type: string, content: string | Buffer): Asset & { hash: string } {
  const body = Buffer.from(content)
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  return { type, body, gzip: gzipSync(body, { level: 9 }), etag: `"${hash}"`, hash, immutable: true }
}

function inline(theme: Theme, path: string): string {
  const css = theme.resource(path).toString('utf8')
  return css.replace(/url\((['"]?)(?!data:|#)([^'")]+)\1\)/g, (_match, _quote, url: string) => {
    const type = types[extname(url)]
    if (type === undefined) throw new Error(`${path} of the theme "${theme.name}" can't take in "${url}"`)
    return `url("${dataUri(type, theme.resource(posix.join(posix.dirname(path), url)))}")`
  })
}

function dataUri(type: string, content: Buffer): string {
  return type === 'image/svg+xml'
    ? `data:${type},${encodeURIComponent(content.toString('utf8')).replaceAll('%20', ' ')}`
    : `data:${type};base64,${content.toString('base64')}`
}
