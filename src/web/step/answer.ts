import type { Request, RequestHandler, Response } from 'express'
import { acknowledgeLow, answerChallenge, chooseChallenge } from '../../core/login/challenge.ts'
import { backToCountdown, putOff, setUpNow } from '../../core/login/countdown.ts'
import { answerEnrolment, chooseEnrolment, confirmSaved } from '../../core/login/enrolment.ts'
import { sendLink } from '../../core/login/link.ts'
import { HELP_DESK, answerBypass } from '../../core/login/help-desk.ts'
import { aim, sendCode } from '../../core/login/sending.ts'
import type { Kit, Outcome } from '../../core/login/step.ts'
import type { Situation } from '../../core/login/transaction.ts'
import { oneLine } from '../../core/one-line.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { untilWritten } from '../retry.ts'
import type { FieldError } from '../render/view.ts'
import { browserName } from './browser-name.ts'
import { heldBy, setDeviceCookie } from './device-cookie.ts'
import { leave } from './leave.ts'
import { openStep } from './open.ts'
import type { Opened } from './open.ts'
import { deliver, deliverLink } from './deliver.ts'
import { FAILED_QUERY, beginWithMessage, limitedQuery } from './send.ts'

type Decided = Outcome | ReturnType<typeof aim>

/** What one form of a step does: the pure decision, and the word for what it misses. */
interface Form {
  decide(situation: Situation, request: Request, kit: Kit, context: WebContext): Decided | Promise<Decided>
  missing: FieldError
}

/** `POST /step/{id}/challenge/{method}` */
export const challengeForm: Form = {
  decide(situation, request, kit, context) {
    const [method, code] = [pathPart(request, 'method'), formField(request, 'code')]
    if (method === HELP_DESK) return answerBypass(situation, code, kit)
    const wish = wantsTrust(request)
      ? { ...browserName(request), before: heldBy(context, request, situation)?.id }
      : undefined
    return answerChallenge(situation, method, code, kit, wish)
  },
  missing: 'code-missing',
}

/** `POST /step/{id}/enrol/{method}` */
export const enrolmentForm: Form = {
  decide(situation, request, kit) {
    const answer = { code: formField(request, 'code'), label: formField(request, 'label') }
    return answerEnrolment(situation, pathPart(request, 'method'), answer, kit)
  },
  missing: 'code-missing',
}

/** `POST /step/{id}/saved` */
export const savedForm: Form = {
  decide: (situation, request, kit) => confirmSaved(situation, formField(request, 'saved') === 'on', kit),
  missing: 'saved-missing',
}

/** `POST /step/{id}/method` */
export const methodForm: Form = {
  decide(situation, request, kit) {
    const choose = situation.transaction.stage.at === 'enrol' ? chooseEnrolment : chooseChallenge
    return choose(situation, formField(request, 'method'), kit)
  },
  missing: 'method-missing',
}

/** `POST /step/{id}/phone` */
export const phoneForm: Form = {
  decide(situation, request, kit) {
    const typed = { country: formField(request, 'country'), phone: formField(request, 'phone') }
    return aim(situation, typed, request.ip ?? '', kit)
  },
  missing: 'phone-missing',
}

/** `POST /step/{id}/send` */
export const resendForm: Form = {
  decide(situation, request, kit) {
    const send = situation.transaction.stage.at === 'link' ? sendLink : sendCode
    return send(situation, request.ip ?? '', kit)
  },
  missing: 'code-missing',
}

/** `POST /step/{id}/go-on` */
export const goOnForm: Form = {
  decide: (situation, _request, kit) => acknowledgeLow(situation, kit),
  missing: 'code-missing',
}

/** `POST /step/{id}/set-up` */
export const setUpForm: Form = {
  decide: (situation, _request, kit) => setUpNow(situation, kit),
  missing: 'code-missing',
}

/** `POST /step/{id}/not-now` */
export const notNowForm: Form = {
  decide: (situation, _request, kit) => putOff(situation, kit),
  missing: 'code-missing',
}

/** Takes a form of a step: decides and writes as one, then leads on by a GET, so that a reload repeats nothing. */
export function takeForm(form: Form): (context: WebContext) => RequestHandler {
  return (context) => async (request, response) => {
    const { opened, outcome } = await untilWritten(async () => {
      const read = await openStep(context, request)
      if (read.situation.transaction.redeemed) return { opened: read, outcome: { result: 'stale' } as const }
      const decided = await form.decide(read.situation, request, context.kit(), context)
      const written =
        'change' in decided && decided.change !== undefined
          ? await context.store.commit({ ...decided.change, address: request.ip ?? '' })
          : ('written' as const)
      if (typeof written === 'object') {
        const limited = { result: 'limited', until: written.limitedUntil } as const
        const kept = 'otherwise' in decided ? decided.otherwise : undefined
        if (kept !== undefined && (await context.store.commit(kept)) !== 'written') return 'lost'
        return { opened: read, outcome: limited }
      }
      return written === 'written' ? { opened: read, outcome: decided } : 'lost'
    })
    if (outcome.result === 'locked') countLocked(context, opened)
    if (outcome.result === 'accepted' && outcome.device !== undefined) {
      setDeviceCookie(response, context, opened.situation, outcome.device)
      context.metrics.trustedDevices.inc({ realm: opened.realm.name, result: 'given' })
    }
    if (outcome.result === 'accepted' && outcome.code !== undefined) {
      leave(response, opened.realm, opened.situation.transaction, { code: outcome.code })
    } else {
      const query = await afterwards(context, opened, outcome, request)
      response.redirect(303, opened.path + (query === '' ? queryFor(outcome, form, request) : query))
    }
  }
}

/** A try that was not even looked at: nothing was written that could be counted. */
function countLocked({ metrics }: WebContext, { realm, situation }: Opened): void {
  const { stage } = situation.transaction
  const counted = stage.at === 'enrol' ? metrics.enrolments : metrics.challenges
  const method = 'method' in stage ? stage.method : HELP_DESK
  counted.inc({ realm: realm.name, method: method ?? 'none', result: 'locked' })
}

/** Carries out what the outcome wants sent, or what its new stage begins with. @returns the query that tells of a failure */
async function afterwards(
  context: WebContext,
  { situation }: Opened,
  outcome: Decided,
  request: Request,
): Promise<string> {
  const moved = 'change' in outcome ? outcome.change?.transaction : undefined
  if (outcome.result === 'accepted' && outcome.send !== undefined) {
    return (await deliver(context, situation, outcome.send)) ? '' : FAILED_QUERY
  }
  if (outcome.result === 'accepted' && outcome.link !== undefined) {
    return (await deliverLink(context, situation, outcome.link)) ? '' : FAILED_QUERY
  }
  if (moved === undefined || (outcome.result !== 'accepted' && outcome.result !== 'stale')) return ''
  const transaction = { ...moved.next, version: moved.version + 1 }
  return (await beginWithMessage(context, { ...situation, transaction }, request)).query
}

/**
 * `GET /step/{id}/cancel`: the user gives up; what was not finished is not kept. A set-up that can be put off is left for
 * the page that it came from.
 */
export function cancelStep(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm, situation, path } = await openStep(context, request)
    const back = backToCountdown(situation, context.kit())
    if (situation.transaction.redeemed) response.redirect(303, path)
    else if (back !== undefined && 'change' in back && back.change !== undefined) {
      // Where another request was faster, the page shows what it did.
      await context.store.commit(back.change)
      response.redirect(303, path)
    } else leave(response, realm, situation.transaction, { error: 'access_denied' })
  }
}

/** `GET /step/{id}/backup-codes.txt`: the codes as a file, while they are on show. */
export function downloadCodes(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { situation, path } = await openStep(context, request)
    const { stage, account, question, redeemed } = situation.transaction
    const known =
      stage.at === 'save-codes' && !redeemed ? context.kit().registry.get(stage.method) : undefined
    const shown = stage.at === 'save-codes' ? known?.showEnrolment(stage.keep, account) : undefined
    if (shown?.kind !== 'backup-codes') {
      response.redirect(303, path)
      return
    }
    sendFile(response, [
      oneLine(`${question.realmDisplayName} - ${account.username}`),
      '',
      ...(shown.codes ?? []),
      '',
    ])
  }
}

function sendFile(response: Response, lines: string[]): void {
  response.attachment('backup-codes.txt').type('text/plain; charset=utf-8').send(lines.join('\r\n'))
}

function wantsTrust(request: Request): boolean {
  return formField(request, 'trust') === 'on'
}

function queryFor(outcome: Decided, { missing }: Form, request: Request): string {
  if (outcome.result === 'limited') return limitedQuery(outcome.until)
  if (outcome.result === 'misaimed') return `?error=${outcome.error}`
  if (outcome.result !== 'refused') return ''
  const error = outcome.error === 'missing' ? missing : 'code-wrong'
  // What was checked stays checked, unlike what was typed.
  const kept = wantsTrust(request) ? '&trust' : ''
  return error === 'method-missing' ? `?choose&error=${error}` : `?error=${error}${kept}`
}

function pathPart(request: Request, name: string): string {
  const value = request.params[name]
  return typeof value === 'string' ? value : ''
}
