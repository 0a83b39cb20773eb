import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import { startRealm } from '../support/realm.ts'
import { freshNumber, locationOf, smsUsers } from '../support/sms.ts'
import { twilioAt } from '../support/sms-twilio.ts'

it('a provider whose answer never ends keeps nobody waiting (B11, P15)', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(201, { 'Content-Type': 'application/json' }).write('{')
    const timer = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(timer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const realm = await startRealm()
  const clock = { now: Date.now() }
  const environment = twilioAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment })
  await app.policy.saveSettings('demo', { enforcement: 'required', methods: ['sms'], smsCountries: ['NL'] })
  const login = smsUsers(app, realm, clock).loginOf('somebody', { phone_number: freshNumber() })
  await login.push()
  expect(locationOf(await login.open())).toMatch(/\?send=failed$/)
  await app.stop()
  await realm.stop()
  server.closeAllConnections()
  server.close()
})
