import type { RequestHandler } from 'express'
import Handlebars from 'handlebars'

/** Messages that a trial shows in place of sending them. */
export interface Inbox {
  messages(to?: string): { channel: string; to: string; subject: string; text: string; at: string }[]
}

const page = Handlebars.compile(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Inbox</title></head>
<body>
<h1>Messages</h1>
{{#each messages}}
<article><p>{{at}}, {{channel}} to {{to}}</p>{{#if subject}}<h2>{{subject}}</h2>{{/if}}<pre>{{text}}</pre></article>
{{else}}
<p>None yet. Reload after a code was sent.</p>
{{/each}}
</body>
</html>`)

/** `GET /dev/inbox` */
export function showInbox(inbox: Inbox): RequestHandler {
  return (_request, response) => {
    response.send(page({ messages: inbox.messages() }))
  }
}

/** `GET /dev/inbox.json?to=`: newest first. */
export function listInbox(inbox: Inbox): RequestHandler {
  return (request, response) => {
    const { to } = request.query
    response.json(inbox.messages(typeof to === 'string' ? to : undefined))
  }
}
