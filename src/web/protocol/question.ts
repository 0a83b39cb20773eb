import { z } from 'zod'
import type { Push } from '../../core/login/question.ts'
import type { Realm } from '../../core/realm.ts'
import { ProtocolError } from './protocol-error.ts'
import { LEEWAY } from './verify-signed.ts'

const RETURN_PATHS = [
  'authenticate',
  'required-action',
  'reset-credentials',
  'registration',
  'first-broker-login',
  'post-broker-login',
]

/** Text that every part behind can keep: neither half a character nor a NUL. */
const short = z
  .string()
  .max(255)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text')
const handle = z.string().regex(/^[\w-]{16,128}$/)
const seconds = z.int().nonnegative()

/** The claims of docs/protocol.md, "The question". */
const claims = z.object({
  client_id: z.string(),
  response_type: z.literal('code'),
  scope: z.literal('openid'),
  redirect_uri: z.string().max(8_192).optional(),
  state: handle,
  nonce: handle,
  jti: z.string(),
  exp: seconds,
  sub: short.min(1),
  sid: short.min(1),
  purpose: z.enum(['login', 'manage', 'enrol', 'direct']),
  invited: z.boolean().optional(),
  login_expires_at: seconds,
  preferred_username: short.min(1),
  email: short.optional(),
  email_verified: z.boolean().optional(),
  phone_number: short.optional(),
  groups: z.array(z.object({ id: short, path: z.string() })).max(10_000),
  roles: z.array(z.string()).max(10_000),
  administers: z.boolean().optional(),
  amr: z.array(short).max(20),
  acr_values: z.enum(['1', '2', '3']).optional(),
  max_age: seconds.optional(),
  prompt: short.optional(),
  trusted_session: z.boolean().optional(),
  ui_locales: short.optional(),
  locales: z.array(short).max(100).optional(),
  realm_display_name: short.optional(),
  dark_mode: z.boolean().optional(),
  // For the audit only: what a proxy made of it is no reason to refuse a login.
  client_address: z.union([z.ipv4(), z.ipv6()]).optional().catch(undefined),
  listed: z.array(short).max(1_000).default([]),
  listing_version: z.int().nonnegative().optional(),
  client: z
    .object({ id: z.string(), name: z.string().optional(), uri: z.string().max(2_048).optional() })
    .optional(),
})

/**
 * Reads the claims of a request object whose signature was checked.
 * @throws ProtocolError that names the claim, and never its value
 */
export function readQuestion(payload: unknown, realm: Realm): Push {
  const parsed = claims.safeParse(payload)
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new ProtocolError('invalid_request_object', names.join('; '))
  }
  const asked = parsed.data
  if (asked.client_id !== realm.keycloakIssuer) {
    throw new ProtocolError('invalid_request_object', 'client_id: must be the realm issuer')
  }
  const redirectUri = asked.redirect_uri ?? ''
  if (asked.purpose !== 'direct' && !isReturnAddress(redirectUri, realm)) {
    throw new ProtocolError(
      'invalid_request_object',
      "redirect_uri: must be one of the realm's login-actions",
    )
  }
  const displayName = asked.realm_display_name ?? realm.name
  const level = Number(asked.acr_values ?? '1')
  const fresh = asksForLogin(asked) ? { fresh: true as const } : {}
  return {
    account: {
      realm: realm.name,
      userId: asked.sub,
      username: asked.preferred_username,
      issuer: displayName,
      ...(asked.phone_number === undefined ? {} : { phone: asked.phone_number }),
      ...(asked.email === undefined ? {} : { email: asked.email }),
      ...(asked.email_verified === true ? { emailVerified: true } : {}),
    },
    question: {
      nonce: asked.nonce,
      state: asked.state,
      sid: asked.sid,
      redirectUri,
      purpose: asked.purpose,
      amr: asked.amr,
      level,
      ...fresh,
      locale: asked.ui_locales,
      locales: asked.locales ?? [],
      darkMode: asked.dark_mode ?? true,
      realmDisplayName: displayName,
      clientUri: webAddress(asked.client?.uri),
      application: asked.client?.name ?? asked.client?.id,
    },
    claims: {
      groups: asked.groups,
      roles: asked.roles,
      ...(asked.administers === undefined ? {} : { administers: asked.administers }),
      purpose: asked.purpose,
      level,
      ...(asked.invited === undefined ? {} : { invited: asked.invited }),
      ...fresh,
    },
    listed: { ids: asked.listed, version: asked.listing_version },
    once: { jti: asked.jti, expiresAt: (asked.exp + LEEWAY) * 1000 },
    loginExpiresAt: asked.login_expires_at * 1000,
    ...(asked.trusted_session === true ? { trustedSession: true } : {}),
    ...(asked.client_address === undefined ? {} : { address: asked.client_address }),
  }
}

/** Whether the application wants the user to sign in now, and not some time ago (OpenID Connect Core 3.1.2.1). */
function asksForLogin({
  max_age: maxAge,
  prompt,
}: {
  max_age?: unknown
  prompt?: string | undefined
}): boolean {
  return maxAge !== undefined || prompt?.split(' ').includes('login') === true
}

/** Only the realm's own six addresses (R12), compared as text so that no parser can read it otherwise. */
function isReturnAddress(text: string, { keycloakIssuer }: Realm): boolean {
  if (!/^[!-~]+$/.test(text) || /[#\\]/.test(text)) return false
  const [address] = text.split('?', 1)
  return RETURN_PATHS.some((path) => address === `${keycloakIssuer}/login-actions/${path}`)
}

function webAddress(text: string | undefined): string | undefined {
  return text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    ? text
    : undefined
}
