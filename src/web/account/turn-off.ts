import type { RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import { removeAllOwn } from '../../core/pages/own-methods.ts'
import { decideOwn } from '../../core/pages/own-step.ts'
import type { WebContext } from '../context.ts'
import { isOn, methodOf } from './methods.ts'
import { openAccount, showPage } from './open.ts'
import type { Opened } from './open.ts'
import { HOME } from './paths.ts'
import { showRefusal, takeChange } from './take-change.ts'
import type { Refused } from './take-change.ts'

const PAGE = `${HOME}/off`

/** `GET /account/off`: says what switching the second factor off takes away. */
export function askBeforeOff(context: WebContext): RequestHandler {
  return async (request, response) => {
    const opened = await openAccount(context, request, response, PAGE, 'change')
    if (opened === undefined) return
    const refusal = refusalOf(opened)
    if (refusal !== undefined) {
      showRefusal(context, response, opened, refusal)
      return
    }
    showPage(context, response, opened, {
      page: 'account-off',
      methods: opened.background.credentials.map((own) => methodOf(opened, own)),
      action: opened.session.realm.base + PAGE,
      backUrl: opened.home,
    })
  }
}

/** `POST /account/off` */
export function turnOff(context: WebContext): RequestHandler {
  return async (request, response) => {
    await takeChange(context, request, response, {
      page: PAGE,
      done: 'off',
      decide: (opened) => refusalOf(opened) ?? removeAllOwn(opened),
    })
  }
}

/** @throws AppError not-found where there is nothing to switch off */
function refusalOf(opened: Opened): Refused | undefined {
  const { visit, background, kit, session } = opened
  if (!isOn(opened)) throw new AppError('not-found', 'it is off already', `${session.realm.issuer}${HOME}`)
  if (!background.settings.selfRemoval) return { refused: 'removal' }
  const { enforcement } = decideOwn(visit, background, 'login', kit)
  return enforcement === 'required' ? { refused: 'required' } : undefined
}
