import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6')
}

/** A host that a realm's administrator named and this server must not reach for them. */
export class Unreachable extends Error {}

/**
 * The network address of a host that a realm's administrator named: one of the public Internet, or of a host that the
 * operator lists. To be connected to as it is: a second look-up could say otherwise.
 * @param allowed hosts, as the administrator would write them
 * @throws Unreachable
 */
export async function reachable(host: string, allowed: readonly string[]): Promise<string> {
  const addresses =
    isIP(host) === 0
      ? await lookup(host, { all: true }).catch(() => [])
      : [{ address: host, family: isIP(host) }]
  const [first] = addresses
  if (first === undefined) throw new Unreachable('the name of the server is not known')
  if (allowed.includes(host.toLowerCase())) return first.address
  if (addresses.some(({ address }) => isPrivate(address))) {
    throw new Unreachable('the server is in a private network that the operator did not open')
  }
  return first.address
}

function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address
  return PRIVATE.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4')
}
