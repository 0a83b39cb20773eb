import { existsSync, writeFileSync } from 'node:fs'
import { stopChildren } from './lib/child.ts'
import { firstSync } from './lib/first-sync.ts'
import { pointClient } from './lib/point-client.ts'
import { checkPrerequisites } from './lib/prerequisites.ts'
import { buildBridge, currentVersion, prepareKeycloak, startKeycloak } from './lib/keycloak.ts'
import { isPortFree } from './lib/ports.ts'
import { ScriptError } from './lib/run.ts'
import { seedDemoPolicy } from './lib/seed.ts'
import { startSidecar } from './lib/sidecar.ts'
import { portSetting, progressPrinter, runScript } from './lib/terminal.ts'
import { farewell, greeting } from './lib/trial-text.ts'
import { claimTrial, ensureEncryptionKeys, trialFiles } from './lib/trial-state.ts'

const realm = 'demo'
const progress = progressPrinter()

/** `npm start`: a Keycloak with the bridge and a sidecar on this machine, until Ctrl-C. */
async function trial(): Promise<void> {
  const stopped = untilSignal()
  const ports = {
    keycloak: portSetting('KEYCLOAK_PORT', 8080),
    sidecar: portSetting('LATCHKEY_HTTP_PORT', 8090),
    management: portSetting('LATCHKEY_MANAGEMENT_PORT', 9090),
  }
  await checkPrerequisites()
  claimTrial()
  await requireFree(ports)

  const running = async () => {
    const servers = await startServers(ports)
    console.log(greeting({ ...ports, realm, folder: trialFiles.folder }))
    return Promise.race(servers.map((server) => server.died))
  }
  try {
    const trouble = await Promise.race([stopped, running()])
    if (trouble !== undefined) throw new ScriptError(trouble)
  } finally {
    console.log('\nStopping …')
    await stopChildren()
  }
  console.log(farewell)
}

async function startServers(ports: Ports): Promise<{ died: Promise<string> }[]> {
  progress('Building the bridge')
  const jar = await buildBridge()
  const prepared = await prepareKeycloak({ version: currentVersion, jar, progress })
  progress(`Starting Keycloak ${currentVersion} on port ${ports.keycloak}`)
  const keycloakUrl = `http://localhost:${ports.keycloak}`
  const keycloak = await startKeycloak({
    prepared,
    port: ports.keycloak,
    hostname: keycloakUrl,
    dataDir: trialFiles.keycloakData,
    sidecarUrl: `http://localhost:${ports.sidecar}`,
    logFile: trialFiles.keycloakLog,
  })
  const dbUrl = `sqlite:${trialFiles.sidecarData}`
  ensureEncryptionKeys()
  if (!existsSync(trialFiles.seeded)) {
    await seedDemoPolicy({ dbUrl, realm })
    writeFileSync(trialFiles.seeded, '')
  }
  const note = await pointClient(keycloakUrl, realm, `http://localhost:${ports.sidecar}/realms/${realm}`)
  if (note !== undefined) progress(note)
  progress(`Starting the sidecar on port ${ports.sidecar}`)
  const sidecar = await startSidecar({
    port: ports.sidecar,
    managementPort: ports.management,
    dbUrl,
    keycloakUrl,
    realm,
    encryptionKeysFile: trialFiles.encryptionKeys,
    logFile: trialFiles.sidecarLog,
  })
  progress('Reading users and groups')
  await firstSync(`http://127.0.0.1:${ports.management}/metrics`, realm, trialFiles.sidecarLog)
  progress('Ready')
  return [keycloak, sidecar]
}

interface Ports {
  keycloak: number
  sidecar: number
  management: number
}

async function requireFree(ports: Ports): Promise<void> {
  const names = {
    [ports.keycloak]: 'KEYCLOAK_PORT',
    [ports.sidecar]: 'LATCHKEY_HTTP_PORT',
    [ports.management]: 'LATCHKEY_MANAGEMENT_PORT',
  }
  for (const [port, name] of Object.entries(names)) {
    if (!(await isPortFree(Number(port)))) {
      throw new ScriptError(
        `Port ${port} is taken by another program. Choose another with ${name}=<port> npm start.`,
      )
    }
  }
}

function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // The listener stays: a second Ctrl-C must not cut the clean stop short.
      process.on(signal, () => resolve(undefined))
    }
  })
}

await runScript(trial)
