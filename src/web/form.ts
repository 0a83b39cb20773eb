import type { Request } from 'express'

/** A field of a posted form as text; empty where it is absent or was sent twice. */
export function formField(request: Request, name: string): string {
  const body: unknown = request.body
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
  return typeof value === 'string' ? value : ''
}
