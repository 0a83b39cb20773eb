/** The tables, as both databases have them: times are epoch milliseconds, JSON is text. */
export interface Schema {
  realm: { name: string; settings: string }
  rule: { realm: string; group_id: string; enforcement: string; methods: string | null; priority: number }
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
  }
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
  attempt: {
    realm: string
    user_id: string
    version: number
    failures: number
    total: number
    reported: number
    locked_until: number
  }
  send_count: { realm: string; scope: string; key: string; window_end: number; count: number }
  used_jti: { realm: string; jti: string; expires_at: number }
  audit: { id: string; at: number; realm: string; user_id: string; event: string; detail: string }
  signing_key: {
    n: number
    kid: string
    public_jwk: string
    sealed: string
    active_at: number
    expires_at: number
  }
}
