import type { Generated } from 'kysely'

/** The tables, as both databases have them: times are epoch milliseconds, JSON is text. */
export interface Schema {
  /** `version` counts the changes of the settings. */
  realm: { name: string; settings: string; version: Generated<number> }
  rule: {
    realm: string
    group_id: string
    enforcement: string
    methods: string | null
    priority: number
    grace: string | null
    trusted_days: number | null
    /** `administrator`, or `attribute` where the group's attributes in Keycloak say it. */
    origin: Generated<string>
    version: Generated<number>
  }
  /** A change of a rule that is only reported on. */
  proposal: {
    realm: string
    group_id: string
    enforcement: string
    methods: string | null
    priority: number
    grace: string | null
    trusted_days: number | null
    version: number
  }
  /** When a user first met a rule with days of grace; `source` is the group's id, empty for the realm. */
  grace_start: { realm: string; user_id: string; source: string; at: number }
  override: { realm: string; user_id: string; enforcement: string }
  credential: {
    id: string
    realm: string
    user_id: string
    method: string
    label: string | null
    sealed: string
    version: number
    failures: number
    created_at: number
    used_at: number | null
    /** Set while the user is gone from Keycloak. */
    gone_at: number | null
    /** 1 for the one that the user is asked for first. */
    preferred: Generated<number>
    /** A keyed hash that its phone number is found by, with the key's id. */
    number_lookup: string | null
  }
  /** Keycloak's credentials that were moved in, by Keycloak's id; the row outlives the credential. */
  moved_credential: { realm: string; source: string; credential_id: string; at: number }
  /** What Keycloak was told to list of a user's methods; `since`: JSON, versions by a method's id. */
  listing: { realm: string; user_id: string; version: number; since: string }
  transaction: {
    id: string
    realm: string
    user_id: string
    nonce: string
    sealed: string
    version: number
    browser_hash: string | null
    request_uri_hash: string
    request_uri_expires_at: number
    code_hash: string | null
    code_expires_at: number | null
    redeemed: number
    expires_at: number
  }
  /**
   * Devices on which a user is not asked again. `token` is what the browser's cookie has now and `previous` what it had
   * before, hashed with a key: `<key id>.<hash>`; `rotated_by` the transaction that changed it; `sid` the session that
   * it was last used for.
   */
  trusted_device: {
    id: string
    realm: string
    user_id: string
    token: string
    previous: string | null
    rotated_by: string | null
    sid: string | null
    browser: string | null
    system: string | null
    created_at: number
    used_at: number
    expires_at: number
  }
  attempt: {
    realm: string
    user_id: string
    version: number
    failures: number
    total: number
    reported: number
    locked_until: number
  }
  /** The code that the help desk gave to a user: `mac` is its keyed hash, `key_id` the key's. */
  bypass: {
    realm: string
    user_id: string
    id: string
    key_id: string
    mac: string
    given_by: string
    given_at: number
    reason: string
    expires_at: number
  }
  /** When a user in grace last put the set-up off. */
  put_off: { realm: string; user_id: string; at: number }
  /** Mails that remind of the end of a grace, by that end and how many days before it. */
  reminder: { realm: string; user_id: string; until: number; days: number }
  send_count: { realm: string; scope: string; key: string; window_end: number; count: number }
  used_jti: { realm: string; jti: string; expires_at: number }
  /** `seq`, `key_id` and `mac` once it is sealed into the realm's chain. */
  audit: {
    id: string
    at: number
    realm: string
    user_id: string
    actor: Generated<string>
    address: string | null
    event: string
    detail: string
    seq: number | null
    key_id: string | null
    mac: string | null
  }
  /** Where the realm's chain begins, after what was pruned, and ends. */
  audit_chain: {
    realm: string
    base_seq: number
    base_mac: string
    seq: number
    mac: string
    key_id: string
    seal: string
  }
  /** Keycloak's users, as the worker last saw them; `pass` is the newest full pass that saw it. */
  directory_user: {
    realm: string
    user_id: string
    username: string
    first_name: string | null
    last_name: string | null
    email: string | null
    enabled: number
    /** The user federation that it comes from. */
    federation: string | null
    /** JSON: its `tfa-…` roles, and `administers` where it holds one of realm-management; null while nobody told. */
    roles: string | null
    /** What the policy comes to, for lists; a decision never rests on it. */
    enforcement: string | null
    pass: number
    gone_at: number | null
    /** The same of the number that an administrator set in Keycloak. */
    number_lookup: string | null
  }
  /** `managers`: JSON, ids of users. */
  directory_group: {
    realm: string
    group_id: string
    parent_id: string | null
    name: string
    path: string
    managers: Generated<string>
    pass: number
    gone_at: number | null
  }
  /** Direct members of the groups that carry a rule, a proposal or managers, and of their subgroups. */
  membership: { realm: string; group_id: string; user_id: string; pass: number }
  /** What Keycloak said has changed, until the worker has read it again. */
  hint: { realm: string; kind: string; id: string; at: number; administers: number | null }
  /** The worker's state, as JSON. */
  sync: { realm: string; state: string }
  lease: { name: string; holder: string; expires_at: number }
  /** Single sign-on sessions that gave a second factor. */
  verified_session: { realm: string; sid: string; user_id: string; level: number; verified_at: number }
  /** Sessions of our own pages; `roles_at` is when Keycloak last told the roles. */
  web_session: {
    id_hash: string
    realm: string
    user_id: string
    sid: string
    sealed: string
    roles_at: number
    expires_at: number
  }
  /** Links that were sent to users, the newest for each purpose; of its secret the keyed hash alone. */
  link: {
    realm: string
    user_id: string
    purpose: string
    id: string
    key_id: string
    secret_mac: string
    transaction_id: string
    expires_at: number
    used_at: number | null
  }
  /** Secrets that administrators enter, such as the password of a mail server. */
  realm_secret: { realm: string; name: string; sealed: string }
  /** Messages that wait; `burst` is of those of which only one may wait. */
  outbox: {
    id: string
    realm: string
    user_id: string
    burst: string | null
    sealed: string
    next_at: number
    tries: number
    expires_at: number
  }
  /** Counts of a day, UTC: `core/audit/figures` names them. */
  figure: { realm: string; day: string; name: string; count: number }
  signing_key: {
    n: number
    kid: string
    public_jwk: string
    sealed: string
    active_at: number
    expires_at: number
  }
}
