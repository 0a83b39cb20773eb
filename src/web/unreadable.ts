import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const STATUS: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/**
 * Has a server answer what never became a request, such as an address of more than 16 KiB: Node.js by itself would answer
 * without `Cache-Control`, and nothing that this server says may be stored. The connection ends. Where an answer to an
 * earlier request of it is still owed, nothing is said: whoever waits would take it for that one.
 */
export function answerUnreadable(server: Server): void {
  const newest = new WeakMap<Duplex, ServerResponse<IncomingMessage>>()
  server.on('request', (request, response) => {
    newest.set(request.socket, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET' || owesAnswer(newest.get(socket))) {
      socket.destroy()
      return
    }
    const status = STATUS[error.code ?? ''] ?? 400
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Cache-Control: no-store',
        'Content-Length: 0',
        'Connection: close',
        '\r\n',
      ].join('\r\n'),
    )
  })
}

/** Whether this answer, the last one of a connection, is to another request than the one that can't be read. */
function owesAnswer(response: ServerResponse<IncomingMessage> | undefined): boolean {
  if (response === undefined || response.writableFinished) return false
  const isOfThisRequest = !response.req.complete && response.socket !== null
  return !isOfThisRequest || response.headersSent
}
