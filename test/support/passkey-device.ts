import type { Visitor } from './scenario.ts'

/** A browser with an authenticator of its own, which says yes at once. */
export interface Device {
  credentials(): Promise<{ credentialId: string; signCount: number; privateKey: string }[]>
  /** As if it had been used so often, or not as often. */
  setCounter(signCount: number): Promise<void>
}

/** Gives a browser its authenticator. */
export async function withDevice(visitor: Visitor): Promise<Device> {
  const cdp = await visitor.context.newCDPSession(visitor.page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const all = async () =>
    (await cdp.send('WebAuthn.getCredentials', { authenticatorId: id })).credentials as (Awaited<
      ReturnType<Device['credentials']>
    >[number] & { isResidentCredential: boolean })[]
  return {
    credentials: all,
    async setCounter(signCount) {
      for (const credential of await all()) {
        await cdp.send('WebAuthn.removeCredential', {
          authenticatorId: id,
          credentialId: credential.credentialId,
        })
        await cdp.send('WebAuthn.addCredential', {
          authenticatorId: id,
          credential: { ...credential, signCount, rpId: 'localhost' },
        })
      }
    },
  }
}
