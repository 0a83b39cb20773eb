/** A user as Keycloak lists it. */
export interface DirectoryUser {
  id: string
  username: string
  firstName: string | undefined
  lastName: string | undefined
  email: string | undefined
  /** True where Keycloak knows that the address is the user's. */
  emailVerified?: true
  enabled: boolean
  /** The user federation that it comes from, where Keycloak tells. */
  federation: string | undefined
  /** The number that an administrator set, E.164; only where one user is read. */
  phone?: string
}

/** A group as Keycloak lists it. `attributes`: those whose names begin with `tfa.`. */
export interface DirectoryGroup {
  id: string
  parentId: string | undefined
  name: string
  path: string
  attributes: Record<string, string[]>
}

/**
 * Keycloak did not say what was asked. `refused`: the service account lacks its role, or its client is not set up.
 * `unreachable`: no answer, or none that can be used; to be asked again later.
 */
export class DirectoryError extends Error {
  readonly reason: 'refused' | 'unreachable'

  constructor(reason: 'refused' | 'unreachable', message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DirectoryError'
    this.reason = reason
  }
}

/**
 * One realm of Keycloak, read by the sidecar's service account, which may look and nothing else. Undefined stands for
 * Keycloak's own "there is none" alone, never for a proxy's.
 * @throws DirectoryError from every call
 */
export interface Directory {
  /** Every group, parents before their subgroups, a page at a time. */
  groups(): AsyncIterable<DirectoryGroup[]>
  group(id: string): Promise<DirectoryGroup | undefined>
  /** One page of all users, in Keycloak's order. */
  users(first: number, max: number): Promise<DirectoryUser[]>
  user(id: string): Promise<DirectoryUser | undefined>
  userNamed(username: string): Promise<DirectoryUser | undefined>
  /** One page of a group's direct members. Undefined where there is no such group. */
  members(groupId: string, first: number, max: number): Promise<DirectoryUser[] | undefined>
  /** The groups that the user is in itself; not those above them. */
  groupsOf(userId: string): Promise<{ id: string; path: string }[] | undefined>
  /**
   * The user's realm roles, composites and groups resolved. Roles of clients, those of realm-management among them, are
   * not for the service account to see: the bridge tells of them.
   */
  rolesOf(userId: string): Promise<string[] | undefined>
  /** The ids of all credentials that Keycloak lists for the user. Undefined where there is no such user. */
  credentialsOf(userId: string): Promise<string[] | undefined>
  /** How many users there are, as Keycloak counts them; that it lists as many is not said. */
  count(): Promise<number>
  /** Whether the service account reads itself: true for a realm that answers, with whatever else it may hide. */
  readsItself(): Promise<boolean>
}
