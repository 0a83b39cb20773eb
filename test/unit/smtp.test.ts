import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { reachable } from '../../src/adapters/mail/reach.ts'
import { createMailer } from '../../src/adapters/mail/smtp.ts'
import type { MailServer } from '../../src/core/notices/mail.ts'
import { startMailServer } from '../support/mail.ts'

const mailer = createMailer(['127.0.0.1'])
const serverAt = (port: number, change: Partial<MailServer> = {}): MailServer => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  from: 'sso@example.com',
  ...change,
})
const MAIL = { to: 'bob@example.com', subject: 'Grüße', text: 'Plain', html: '<p>Rich</p>' }

describe('mail', () => {
  it('arrives as text and HTML, from the name that the realm gave', async () => {
    const server = await startMailServer()
    expect(await mailer.send(serverAt(server.port, { fromName: 'Acme "SSO"' }), MAIL)).toEqual({
      result: 'sent',
    })
    const mail = await server.mailTo('bob@example.com')
    expect(mail.subject).toBe('Grüße')
    expect(mail.text?.trim()).toBe('Plain')
    expect(mail.html).toContain('<p>Rich</p>')
    expect(mail.from?.value).toEqual([{ address: 'sso@example.com', name: 'Acme "SSO"' }])
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
    await server.stop()
  })

  it('names no second recipient and no header through an address', async () => {
    const server = await startMailServer()
    const to = 'bob@example.com, eve@example.com\r\nBcc: mallory@example.com'
    const outcome = await mailer.send(serverAt(server.port), { ...MAIL, to })
    expect(
      server.mails.flatMap((mail) => [mail.to].flat().flatMap((list) => list?.value ?? [])),
    ).not.toContainEqual(expect.objectContaining({ address: 'eve@example.com' }))
    expect(outcome.result).not.toBe('sent')
    await server.stop()
  })

  it('is refused for good by a 550, and may go later after a 451', async () => {
    for (const [status, result] of [
      [550, 'refused'],
      [451, 'failed'],
    ] as const) {
      const server = await startMailServer({
        onRcptTo: (_address, _session, done) =>
          done(Object.assign(new Error('no'), { responseCode: status })),
      })
      const outcome = await mailer.send(serverAt(server.port), MAIL)
      expect(outcome).toMatchObject({ result, why: expect.stringContaining(String(status)) })
      expect(JSON.stringify(outcome)).not.toContain('bob@')
      await server.stop()
    }
  })

  it('does not go to a server that is not there', async () => {
    const server = await startMailServer()
    await server.stop()
    expect(await mailer.send(serverAt(server.port), MAIL)).toEqual({
      result: 'failed',
      why: 'no connection to the server',
    })
  })

  it('goes to nobody without the encryption that was asked for', async () => {
    const server = await startMailServer()
    expect((await mailer.send(serverAt(server.port, { security: 'starttls' }), MAIL)).result).not.toBe('sent')
    await server.stop()
    const selfSigned = await startMailServer({ disabledCommands: ['AUTH'] })
    expect((await mailer.send(serverAt(selfSigned.port, { security: 'starttls' }), MAIL)).result).not.toBe(
      'sent',
    )
    expect(server.mails.length + selfSigned.mails.length).toBe(0)
    await selfSigned.stop()
  })

  it('gives up on a server that says nothing', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const hasty = createMailer(['127.0.0.1'], { greeting: 200, answer: 200 })
    expect(await hasty.send(serverAt(port), MAIL)).toMatchObject({
      result: 'failed',
      why: expect.stringContaining('in time'),
    })
    silent.close()
  })
})

describe('a host that a realm names', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '169.254.169.254',
    '::1',
    '::ffff:10.0.0.1',
    'fd00::1',
    '0.0.0.0',
    'localhost',
  ])('%s is not reached unless the operator lists it', async (host) => {
    await expect(reachable(host, [])).rejects.toThrow('private network')
    await expect(reachable(host, [host])).resolves.toMatch(/[.:]/)
  })

  it('on the public Internet is reached', async () => {
    expect(await reachable('192.0.2.1', [])).toBe('192.0.2.1')
    expect(await reachable('2606:4700::1111', [])).toBe('2606:4700::1111')
  })

  it('is told apart from one that has no address', async () => {
    await expect(reachable('no-such-host.invalid', [])).rejects.toThrow('not known')
  })
})
