import type { RequestHandler } from 'express'
import { preferOwn } from '../../core/pages/own-methods.ts'
import type { WebContext } from '../context.ts'
import { methodId, ownCredential } from './open.ts'
import { HOME } from './paths.ts'
import { takeChange } from './take-change.ts'

/** `POST /account/methods/{id}/default`: the method that a login asks for first (S20). */
export function preferMethod(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = methodId(request)
    await takeChange(context, request, response, {
      page: HOME,
      done: 'default',
      decide: (opened) => preferOwn(opened, ownCredential(opened, id)),
    })
  }
}
