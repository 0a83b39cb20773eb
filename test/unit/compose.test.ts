import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { SETTINGS, readConfig } from '../../src/config.ts'

interface Service {
  build?: string | { context: string; dockerfile: string }
  environment?: Record<string, string>
  ports?: string[]
}

const { services } = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  services: Record<string, Service>
}

it('gives Latchkey settings that it knows and takes', () => {
  const environment = { ...services['latchkey']?.environment }
  const known: string[] = Object.values(SETTINGS).flatMap(({ name }) => [name, `${name}_FILE`])
  expect(known).toEqual(expect.arrayContaining(Object.keys(environment)))
  delete environment['LATCHKEY_ENCRYPTION_KEYS_FILE']
  const key = `k1:${Buffer.alloc(32, 1).toString('base64')}`
  const config = readConfig({ ...environment, LATCHKEY_ENCRYPTION_KEYS: key })
  expect(config.realms[0]).toMatchObject({
    keycloakIssuer: 'http://localhost:8080/realms/demo',
    keycloakUrl: 'http://keycloak:8080/realms/demo',
  })
})

it('opens ports on this machine only, and builds from files that exist', () => {
  for (const service of Object.values(services)) {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    const file = typeof service.build === 'object' ? service.build.dockerfile : 'Dockerfile'
    if (service.build !== undefined) expect(existsSync(file)).toBe(true)
  }
})

it('the images copy files that exist and that the build context lets in', () => {
  const letIn = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
  for (const file of ['Dockerfile', 'provider-config/Dockerfile']) {
    const copies = readFileSync(file, 'utf8').match(/^COPY (?!--from).+$/gm) ?? []
    for (const source of copies.flatMap((line) => line.split(' ').slice(1, -1))) {
      expect(existsSync(source), source).toBe(true)
      expect(letIn, source).toContain(`!${source}`)
    }
  }
})
