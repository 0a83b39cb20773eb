import type { RequestHandler } from 'express'
import { goingWith } from '../../core/administration/acts.ts'
import { removeOwn } from '../../core/pages/own-methods.ts'
import { decideOwn } from '../../core/pages/own-step.ts'
import type { Credential } from '../../core/login/transaction.ts'
import type { WebContext } from '../context.ts'
import type { MethodName } from '../render/view.ts'
import { methodOf } from './methods.ts'
import { methodId, openAccount, ownCredential, showPage } from './open.ts'
import type { Opened } from './open.ts'
import { methodPage } from './paths.ts'
import { showRefusal, takeChange } from './take-change.ts'

/** `GET /account/methods/{id}/remove`: says what would go, and what the next login asks for then. */
export function askBeforeRemoval(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = methodId(request)
    const page = methodPage(id, 'remove')
    const opened = await openAccount(context, request, response, page, 'change')
    if (opened === undefined) return
    const going = goingOf(opened, id)
    if (!opened.background.settings.selfRemoval) {
      showRefusal(context, response, opened, { refused: 'removal' })
      return
    }
    const [chosen, ...others] = going
    showPage(context, response, opened, {
      page: 'account-remove',
      method: methodOf(opened, chosen),
      alongWith: [...new Set(others.map(({ method }) => method as MethodName))],
      after: afterwards(opened, going),
      action: opened.session.realm.base + page,
      backUrl: opened.home,
    })
  }
}

/** `POST /account/methods/{id}/remove` */
export function removeMethod(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = methodId(request)
    await takeChange(context, request, response, {
      page: methodPage(id, 'remove'),
      done: 'removed',
      decide(opened) {
        const going = goingOf(opened, id)
        return opened.background.settings.selfRemoval ? removeOwn(opened, going) : { refused: 'removal' }
      },
    })
  }
}

/** @throws AppError not-found */
function goingOf(opened: Opened, id: string): [Credential, ...Credential[]] {
  const chosen = ownCredential(opened, id)
  const going = goingWith(opened.background.credentials, id, opened.kit.registry) ?? []
  return [chosen, ...going.filter((one) => one !== chosen)]
}

function afterwards(opened: Opened, going: Credential[]): 'others' | 'set-up' | 'nothing' {
  const { background, visit, kit } = opened
  if (going.length < background.credentials.length) return 'others'
  const { enforcement } = decideOwn(visit, background, 'login', kit)
  return enforcement === 'required' ? 'set-up' : 'nothing'
}
