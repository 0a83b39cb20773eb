import type { RequestHandler } from 'express'
import { AppError } from '../core/errors.ts'
import { realmOf } from './context.ts'
import type { WebContext } from './context.ts'
import type { Renderer } from './render/render.ts'

/** `GET /resources/{hash}/{file}`: the theme's style and script, kept by browsers for as long as the hash is the same. */
export function serveResource(context: WebContext): RequestHandler {
  return serve(context, context.renderer)
}

/** `GET /account/resources/{hash}/{file}`: those of the user's pages. */
export function serveAccountResource(context: WebContext): RequestHandler {
  return serve(context, context.accountPages)
}

/** `GET /admin/resources/{hash}/{file}`: those of the administrator's pages. */
export function serveAdminResource(context: WebContext): RequestHandler {
  return serve(context, context.adminPages)
}

function serve(context: WebContext, renderer: Pick<Renderer, 'asset'>): RequestHandler {
  return (request, response) => {
    realmOf(context, request.params['realm'])
    const asset = renderer.asset(`${String(request.params['hash'])}/${String(request.params['file'])}`)
    if (asset === undefined) throw new AppError('not-found', 'there is no such file')
    response.set({
      'Content-Type': asset.type,
      'Cache-Control': asset.immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=60',
      ETag: asset.etag,
      Vary: 'Accept-Encoding',
    })
    if (request.acceptsEncodings('gzip') === 'gzip') response.set('Content-Encoding', 'gzip').send(asset.gzip)
    else response.send(asset.body)
  }
}
