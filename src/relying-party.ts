import { isIP } from 'node:net'
import { getDomain } from 'tldts'

/**
 * What is wrong with the domain that passkeys are to belong to, at this public URL; undefined where nothing is. It must
 * be the URL's host or a domain above it, and no domain that anybody can register below (WebAuthn Level 3, 5.1.3).
 */
export function rpIdFault(rpId: string, hostname: string): string | undefined {
  const host = new URL(hostname).hostname
  if (rpId === host) return undefined
  const registrable = getDomain(host, { allowPrivateDomains: true }) ?? host
  const isAbove = isIP(host) === 0 && host.endsWith(`.${rpId}`)
  return isAbove && (rpId === registrable || rpId.endsWith(`.${registrable}`))
    ? undefined
    : `must be the host of LATCHKEY_HOSTNAME, ${host}, or a domain above it that is not open to everybody`
}

/** Whether browsers have passkeys at this public URL: they ask for a name, and for https but on this machine. */
export function hasPasskeys(hostname: string): boolean {
  const { protocol, hostname: host } = new URL(hostname)
  const isAddress = isIP(host) !== 0 || host.startsWith('[')
  return !isAddress && (protocol === 'https:' || host === 'localhost' || host.endsWith('.localhost'))
}
