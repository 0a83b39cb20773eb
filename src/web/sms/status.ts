import type { RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import type { WebContext } from '../context.ts'

/** Whether the provider itself reports. */
export type CallbackCheck = (signature: string, fields: Record<string, string>) => Promise<boolean>

const STATUS = /^[a-z-]{1,20}$/

/** `POST /sms/status`: what became of a message, by the provider's word; written down, and nothing else. */
export function takeStatus(context: WebContext, check: CallbackCheck): RequestHandler {
  return async (request, response) => {
    const fields = Object.fromEntries(
      Object.entries((request.body ?? {}) as Record<string, unknown>).filter(
        (field): field is [string, string] => typeof field[1] === 'string',
      ),
    )
    if (!(await check(request.get('x-twilio-signature') ?? '', fields))) {
      throw new AppError('bad-request', 'the signature of the status is wrong')
    }
    const { MessageStatus: status = '', ErrorCode: code = '' } = fields
    const known = {
      status: STATUS.test(status) ? status : 'unknown',
      code: /^\d{1,6}$/.test(code) ? code : undefined,
    }
    context.log.info({ sms: known }, 'a text message was reported on')
    response.status(204).end()
  }
}
