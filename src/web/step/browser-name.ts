import { parse } from 'bowser'
import type { Request } from 'express'

/** Names of what a browser says that it is, for its user to know it by; absent where it does not say. */
export function browserName(request: Request): { browser?: string; system?: string } {
  const agent = request.get('user-agent') ?? ''
  // The parser throws on an empty text, and looks for patterns in a long one.
  if (agent === '' || agent.length > 512) return {}
  const { browser, os } = parse(agent)
  return {
    ...(browser.name === undefined || browser.name === '' ? {} : { browser: browser.name }),
    ...(os.name === undefined || os.name === '' ? {} : { system: os.name }),
  }
}
