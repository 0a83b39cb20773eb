import type { RequestHandler } from 'express'
import { renameOwn } from '../../core/pages/own-methods.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { methodOf } from './methods.ts'
import { methodId, openAccount, ownCredential, showPage } from './open.ts'
import { methodPage } from './paths.ts'
import { takeChange } from './take-change.ts'

/** `GET /account/methods/{id}/rename` */
export function askForName(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = methodId(request)
    const page = methodPage(id, 'rename')
    const opened = await openAccount(context, request, response, page, 'change')
    if (opened === undefined) return
    const method = methodOf(opened, ownCredential(opened, id))
    const action = opened.session.realm.base + page
    showPage(context, response, opened, { page: 'account-rename', method, action, backUrl: opened.home })
  }
}

/** `POST /account/methods/{id}/rename` */
export function renameMethod(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = methodId(request)
    await takeChange(context, request, response, {
      page: methodPage(id, 'rename'),
      done: 'renamed',
      decide: (opened) => renameOwn(opened, ownCredential(opened, id), formField(request, 'label')),
    })
  }
}
