import { deflateRawSync } from 'node:zlib'
import type { House } from './doors.ts'

/** Posts a form to an OpenID Connect endpoint of the realm, for example `token`. */
export async function askKeycloak(house: House, path: string, form: Record<string, string>) {
  const response = await fetch(`${house.realmUrl}/protocol/openid-connect/${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

/** @param alone with a browser flow of its own, where only the gate stands. @returns where its login begins and ends */
export async function createSamlClient(
  house: House,
  clientId: string,
  alone: boolean,
): Promise<{ url: string; acs: string }> {
  const acs = `${house.application.url}saml`
  await house.admin.clients.create({
    realm: house.realm.name,
    clientId,
    protocol: 'saml',
    redirectUris: [acs],
    attributes: {
      'saml.client.signature': 'false',
      saml_assertion_consumer_url_post: acs,
      'saml.force.post.binding': 'true',
    },
    ...(alone ? { authenticationFlowBindingOverrides: { browser: house.doors.plainBrowserFlow } } : {}),
  })
  const target = `${house.realmUrl}/protocol/saml`
  const names =
    'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
  const about = `ID="_${Date.now()}" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${target}"`
  const issuer = `<saml:Issuer>${clientId}</saml:Issuer>`
  const request = `<samlp:AuthnRequest ${names} ${about} AssertionConsumerServiceURL="${acs}">${issuer}</samlp:AuthnRequest>`
  const query = new URLSearchParams({ SAMLRequest: deflateRawSync(request).toString('base64') })
  return { url: `${target}?${String(query)}`, acs }
}
