import type { RequestHandler } from 'express'
import { setUpOwn } from '../../core/pages/own-step.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { enterStep } from '../session/fresh.ts'
import { isOn } from './methods.ts'
import { openAccount } from './open.ts'
import { HOME } from './paths.ts'
import { showRefusal } from './take-change.ts'

/** `POST /account/set-up`: begins the set-up of the `method` named, or of one to choose, in the step's own pages (S8). */
export function setUpMethod(context: WebContext): RequestHandler {
  return async (request, response) => {
    const opened = await openAccount(context, request, response, HOME, 'change')
    if (opened === undefined) return
    const { session, visit, background, kit, home } = opened
    const at = await context.admin.verifiedAt(session.realm.name, session.sid, session.userId)
    const method = formField(request, 'method')
    const wish = {
      method: method === '' ? undefined : method,
      proven: isOn(opened) && at !== undefined ? { amr: [], level: 2 as const, at } : undefined,
    }
    const step = setUpOwn(visit, background, wish, { done: `${home}?done=set-up`, cancelled: home }, kit)
    if (step === undefined) showRefusal(context, response, opened, { refused: 'set-up' })
    else await enterStep(context, session, request, response, async () => step)
  }
}
