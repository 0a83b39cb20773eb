import { CLIENT_ID, managementClient, PHONE, SERVICE_ROLE } from '../setup/names.ts'
import { editableByUsers } from '../setup/phone.ts'
import { lackingProviders } from '../setup/plan.ts'
import { surplusRoles } from '../setup/plan-client.ts'
import type { Found } from '../setup/found.ts'
import { fault, realmCheck, setupCommandFor } from './check.ts'
import type { Check, Facts, Fault } from './check.ts'
import { plainHttp } from './https-check.ts'

/** Seconds of clock difference that the hand-off forgives. */
const FORGIVEN = 10

/** The checks of what the two sides know of each other. */
export const trustChecks: Check[] = [
  realmCheck('bridge', "the bridge's JAR is installed and configured", bridge),
  { id: 'issuer', title: 'both sides name the same issuers', admin: false, run: issuers },
  { id: 'clock', title: 'the clocks agree', admin: false, run: clock },
  { id: 'jwks', title: 'each side reaches the keys of the other', admin: false, run: keys },
  realmCheck('service-account', 'the service account has its one role', serviceAccount),
  realmCheck('phone', 'users cannot change their phone number', ({ profile }, facts) => {
    const attribute = profile.attributes?.find(({ name }) => name === PHONE)
    if (!editableByUsers(attribute, profile.unmanagedAttributePolicy)) return []
    return [
      fault(
        `Users can change their own attribute ${PHONE}.`,
        'Whoever knows the password could have the code sent to a phone of their own.',
        setupCommandFor(facts),
      ),
    ]
  }),
  { id: 'https', title: 'nothing travels by plain http', admin: false, run: plainHttp },
]

function bridge(found: Found, { realm }: Facts): Fault[] {
  const missing = lackingProviders(found)
  const faults: Fault[] = []
  if (missing.length > 0) {
    faults.push(
      fault(
        `The Keycloak server lacks the providers ${missing.join(', ')}.`,
        'Without them Keycloak does not ask Latchkey at those places.',
        "Put this version's latchkey-bridge.jar into Keycloak's providers folder, run kc.sh build and restart it.",
      ),
    )
  }
  const option = '--spi-authenticator--latchkey--url'
  const origin = realm.issuer.slice(0, -realm.base.length)
  const url = found.bridge?.['url']?.replace(/\/+$/, '')
  if (found.misconfigured || (found.bridge !== undefined && (url === undefined || url === ''))) {
    faults.push(
      fault(
        "The bridge in Keycloak does not know where Latchkey is, or can't use what it was told.",
        'Each login that asks ends in an error page.',
        `Start Keycloak with ${option}=${origin}; its log names the option at fault.`,
      ),
    )
  } else if (url !== undefined && url !== origin) {
    faults.push(
      fault(
        `The bridge takes Latchkey to be at ${url}, and Latchkey takes itself to be at ${origin}.`,
        'The names are in every token, so each side refuses what the other signs.',
        `Start Keycloak with ${option}=${origin}, or correct LATCHKEY_HOSTNAME.`,
      ),
    )
  }
  return faults
}

function issuers({ realm, probes: { keycloakIssuer, sidecarIssuer } }: Facts): Fault[] {
  const faults: Fault[] = []
  if ('value' in keycloakIssuer && keycloakIssuer.value !== realm.keycloakIssuer) {
    faults.push(
      fault(
        `Keycloak names the realm ${keycloakIssuer.value}, and Latchkey expects ${realm.keycloakIssuer}.`,
        'Latchkey refuses every question that names another issuer, so nobody gets in who must be asked.',
        "Set LATCHKEY_KEYCLOAK_URL to Keycloak's public address, and LATCHKEY_KEYCLOAK_BACKCHANNEL_URL where Latchkey reaches it by another one.",
      ),
    )
  }
  if ('value' in sidecarIssuer && sidecarIssuer.value !== realm.issuer) {
    faults.push(
      fault(
        `The server at ${realm.issuer} calls itself ${sidecarIssuer.value}.`,
        'Keycloak refuses answers that name another issuer.',
        'Give the server and this command the same LATCHKEY_HOSTNAME.',
      ),
    )
  }
  return faults
}

function clock({ probes: { skew } }: Facts): Fault[] {
  if (skew === undefined || Math.abs(skew) <= FORGIVEN / 2) return []
  const ahead = skew > 0 ? 'ahead of' : 'behind'
  return [
    {
      level: Math.abs(skew) > FORGIVEN ? 'fault' : 'warning',
      what: `Keycloak's clock is ${Math.abs(skew)} s ${ahead} Latchkey's.`,
      why: `More than ${FORGIVEN} s apart, each side takes the messages of the other for too old or too new.`,
      mend: 'Synchronise both machines with the same time servers (timedatectl, chronyc tracking).',
    },
  ]
}

function keys({ realm, probes: { keycloakKeys, sidecarKeys, keycloakReaches } }: Facts): Fault[] {
  const faults: Fault[] = []
  if ('error' in keycloakKeys) {
    faults.push(
      fault(
        `Latchkey can't read Keycloak's keys: ${keycloakKeys.error}.`,
        "Without them Latchkey can't tell Keycloak's questions from forged ones, and refuses them.",
        `Open the way from Latchkey to ${realm.keycloakUrl}, or correct LATCHKEY_KEYCLOAK_BACKCHANNEL_URL.`,
      ),
    )
  }
  if ('error' in sidecarKeys) {
    faults.push(
      fault(
        `Latchkey's keys can't be read: ${sidecarKeys.error}.`,
        "Without them Keycloak can't tell Latchkey's answers from forged ones, and lets nobody in who must be asked.",
        'Start the server (latchkey serve), and see that this address leads to it.',
      ),
    )
  } else if (keycloakReaches !== undefined && 'error' in keycloakReaches) {
    faults.push(
      fault(
        `Keycloak can't reach Latchkey: ${keycloakReaches.error}.`,
        'Keycloak neither asks Latchkey nor can it check its answers, and lets nobody in who must be asked.',
        'Open the way from Keycloak to that address; for a certificate of your own start Keycloak with --truststore-paths.',
      ),
    )
  }
  return faults
}

function serviceAccount(found: Found, facts: Facts): Fault[] {
  const management = managementClient(found.realm.realm)
  const mend = setupCommandFor(facts)
  if (found.service === undefined) {
    return [
      fault(
        `The client ${CLIENT_ID} with its service account is missing.`,
        "The worker can't read users and groups, so rules in their attributes stand still.",
        mend,
      ),
    ]
  }
  const faults: Fault[] = []
  if (!(found.service.roles[management] ?? []).includes(SERVICE_ROLE)) {
    faults.push(
      fault(
        `The service account of ${CLIENT_ID} lacks the role ${SERVICE_ROLE} of ${management}.`,
        'Keycloak gives the worker empty lists, so rules in the attributes of groups stand still.',
        mend,
      ),
    )
  }
  const others = surplusRoles(found.service, management)
  if (others.length > 0) {
    faults.push(
      fault(
        `The service account of ${CLIENT_ID} has more than its one role: ${others.join(', ')}.`,
        "Whoever gets hold of Latchkey's server could do all that in Keycloak.",
        `Clients → ${CLIENT_ID} → Service account roles: unassign all but ${SERVICE_ROLE}.`,
      ),
    )
  }
  return faults
}
