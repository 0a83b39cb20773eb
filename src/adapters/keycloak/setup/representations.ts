import type { KcAdminClient } from '../admin-session.ts'

type Answer<T> = T extends (...parameters: never[]) => Promise<infer A> ? NonNullable<A> : never
type Element<T> = Answer<T> extends (infer E)[] ? E : never

/** Keycloak's own shapes, as its admin client gives them. */
export type RealmRepresentation = Answer<KcAdminClient['realms']['findOne']>
export type ClientRepresentation = Element<KcAdminClient['clients']['find']>
export type IdentityProvider = Answer<KcAdminClient['identityProviders']['findOne']>
export type RequiredAction = Element<KcAdminClient['authenticationManagement']['getRequiredActions']>
export type ExecutionInfo = Element<KcAdminClient['authenticationManagement']['getExecutions']>
export type ProtocolMapper = Element<KcAdminClient['clientScopes']['listProtocolMappers']>
export type UserProfileConfig = Answer<KcAdminClient['users']['getProfile']>
