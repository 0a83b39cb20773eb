import { CLIENT_ID } from '../setup/names.ts'
import { fault } from './check.ts'
import type { Facts, Fault } from './check.ts'

/** Every address that this installation uses, and the realm's own rule. */
export function plainHttp({ addresses, found }: Facts): Fault[] {
  const jwks = found?.clients.find(({ clientId }) => clientId === CLIENT_ID)?.attributes?.['jwks.url'] as
    string | undefined
  const all = {
    ...addresses,
    ...(jwks === undefined ? {} : { [`the JWKS URL of the client ${CLIENT_ID}`]: jwks }),
  }
  const faults = Object.entries(all)
    .filter(([, url]) => isPlainHttp(url))
    .map(([name, url]) =>
      fault(
        `${name} is plain http: ${url}.`,
        'Whoever sits in between reads the codes, and can take the place of either side by changing its keys.',
        'Use https there; a reverse proxy can carry the certificate.',
      ),
    )
  if (found?.realm.sslRequired === 'none') {
    faults.push({
      level: 'warning',
      what: 'The realm takes plain http from anywhere.',
      why: 'Passwords and sessions can be read on their way.',
      mend: 'Realm settings → General → Require SSL: External requests.',
    })
  }
  return faults
}

function isPlainHttp(url: string): boolean {
  if (!url.startsWith('http:')) return false
  const { hostname } = new URL(url)
  return !(hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname))
}
