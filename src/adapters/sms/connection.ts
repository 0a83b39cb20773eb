/** What a connection fails with before anything was sent: trying again can't send twice. */
export const RETRIABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

const LATE = new Set(['ABORT_ERR', 'ECONNABORTED', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'])

/** Why nothing came back, for administrators. @param who as a sentence begins with it */
export function wordsFor(error: unknown, who: string): string {
  const code = error instanceof Error ? String(Reflect.get(error, 'code')) : ''
  if (LATE.has(code)) return `${who} did not answer in time`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the name of the host is not known: no way to ${who}`
  if (/CERT|SIGNATURE|^ERR_TLS|^ERR_SSL/.test(code)) return `the certificate of ${who} is not trusted`
  return `no connection to ${who}`
}
