/** RFC 6749 5.2 and OpenID Connect error codes that the endpoints answer with. */
type Code =
  'invalid_request' | 'invalid_request_object' | 'invalid_client' | 'invalid_grant' | 'unsupported_grant_type'

/** A request that the protocol refuses; `description` is for whoever sets the bridge up, and names no secret. */
export class ProtocolError extends Error {
  readonly code: Code
  readonly status: number

  constructor(code: Code, description: string, status = code === 'invalid_client' ? 401 : 400) {
    super(description)
    this.name = 'ProtocolError'
    this.code = code
    this.status = status
  }
}
