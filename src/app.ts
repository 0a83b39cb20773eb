import { createHash, randomBytes } from 'node:crypto'
import type { Express } from 'express'
import type { LogConfig } from 'kysely'
import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { endSessions } from './adapters/keycloak/end-sessions.ts'
import { createUserMaker } from './adapters/keycloak/user-maker.ts'
import { createSealer } from './adapters/secrets/sealer.ts'
import { createAdminStore } from './adapters/store/admin-store.ts'
import { createAuditSealing, SEAL_EVERY } from './adapters/store/audit-sealing.ts'
import { createAuditStore } from './adapters/store/audit-store.ts'
import { openDatabase } from './adapters/store/database.ts'
import { fillLookups } from './adapters/store/fill-lookups.ts'
import { countEnrolled, COUNT_EVERY, createFigureStore } from './adapters/store/figure-store.ts'
import { createKeyHolder, TELL_KEYS_EVERY } from './adapters/store/key-holders.ts'
import { createLoginStore } from './adapters/store/login-store.ts'
import { createOutboxStore } from './adapters/store/outbox-store.ts'
import { createPolicyStore } from './adapters/store/policy-store.ts'
import type { PolicyStore } from './adapters/store/policy-store.ts'
import { pruneAudit } from './adapters/store/prune-audit.ts'
import { prune, PRUNE_EVERY } from './adapters/store/prune.ts'
import { createReminderStore } from './adapters/store/reminder-store.ts'
import { reseal } from './adapters/store/reseal.ts'
import { readSecret } from './adapters/store/secrets.ts'
import { createSigningKeys, SIGNING_KEYS_RELOAD } from './adapters/store/signing-keys.ts'
import { createSyncControl } from './adapters/store/sync-control.ts'
import { createSyncStore } from './adapters/store/sync-store.ts'
import { createWebSessionStore } from './adapters/store/web-session-store.ts'
import { sendBy } from './app/delivery.ts'
import { reachKeycloak } from './app/keycloak.ts'
import { createWatch } from './app/watch.ts'
import type { Config } from './config.ts'
import { companionsOf } from './core/administration/acts.ts'
import type { AdminStore, SecretName } from './core/administration/administration.ts'
import type { AuditStore } from './core/audit/audit.ts'
import type { Directory } from './core/sync/directory.ts'
import type { MethodId } from './core/method.ts'
import type { LoginStore } from './core/ports.ts'
import { attributeNumber, lookupOf, numberLookup } from './core/number.ts'
import type { RealmSettings } from './core/settings.ts'
import type { Kit } from './core/login/step.ts'
import type { SyncControl } from './core/sync/sync.ts'
import { registry } from './methods/index.ts'
import { hasPasskeys } from './relying-party.ts'
import { patiently, withinRequest } from './patience.ts'
import type { WebContext } from './web/context.ts'
import { printable, requestOfLine } from './web/log.ts'
import { createManagement } from './web/management.ts'
import { countWritten } from './web/measure.ts'
import { createMetrics } from './web/metrics.ts'
import { createListingWriter } from './web/render/listing.ts'
import { createAccountRenderer } from './web/render/account.ts'
import { createAdminRenderer } from './web/render/admin.ts'
import { createRenderer } from './web/render/render.ts'
import { createServer } from './web/server.ts'
import { createBackground } from './worker/background.ts'
import { createNoticeSender } from './worker/notice-sender.ts'
import { createOutbox, OUTBOX_EVERY } from './worker/outbox.ts'
import { createReminders, REMIND_EVERY } from './worker/reminders.ts'
import { nudging, startWorker } from './worker/sync.ts'
import type { SyncWorker } from './worker/sync.ts'
import type { Workplace } from './worker/tenure.ts'

export { listen } from './web/listen.ts'

/**
 * How the log is written: beside the work, lines together, each after 200 ms at most; one at a time they took a tenth of
 * a verification. Where nobody reads, 16 MB wait, and more is lost rather than a login kept waiting.
 */
const LOG_WRITING = { sync: false, minLength: 8192, periodicFlush: 200, maxLength: 16_777_216 }

/** A server with everything wired, not listening yet. */
export interface App {
  web: Express
  management: Express
  store: LoginStore
  admin: AdminStore
  audit: AuditStore
  policy: PolicyStore
  /** Starts the work that nobody asks for, such as sealing the audit. At most once. */
  start(): void
  /** Starts the sync worker. At most once. */
  startWorker(): void
  sync: SyncControl
  /** From now on health says that this server is not ready: it is about to stop. */
  drain(): void
  close(): Promise<void>
  log: Logger
}

/** What a test may put in place of the world. */
export interface Surroundings {
  /** Epoch milliseconds. */
  clock?: () => number
  /** Sees every statement. */
  sqlLog?: LogConfig
  /** Reads a realm of Keycloak, by its name. */
  directory?: (realm: string) => Directory
  sync?: SyncControl
  /** Takes the log's lines. */
  logTo?: DestinationStream
}

/**
 * Wires the server: the only place that knows every part.
 * @throws Error where the database or the signing keys in it can't be opened, or a theme is faulty
 */
export async function createApp(
  config: Config,
  { clock = Date.now, sqlLog, directory, sync, logTo }: Surroundings = {},
): Promise<App> {
  const logging = {
    enabled: config.logFormat === 'json',
    base: null,
    mixin: requestOfLine,
    hooks: { streamWrite: printable },
  }
  const log = pino(logging, logTo ?? pino.destination(LOG_WRITING))
  const sealer = createSealer(config.encryptionKeys)
  const database = await openDatabase(config.dbUrl, sqlLog === undefined ? {} : { log: sqlLog })
  const signer = createSigningKeys(database, sealer, clock)
  const holder = createKeyHolder(database, sealer, clock)
  try {
    await signer.refresh(clock())
    await holder.tell()
  } catch (error) {
    await database.close()
    throw error
  }

  const metrics = createMetrics()
  const realms = config.realms.map(({ name }) => name)
  let worker: SyncWorker | undefined
  const control = sync ?? nudging(createSyncControl(database, clock), (realm) => worker?.nudge(realm))
  const syncInterval = config.syncInterval * 1000
  const watch = createWatch({ database, signer, metrics, sync: control, realms, syncInterval, clock })
  const secretOf = async (realm: string, name: SecretName) => await readSecret(database, sealer, realm, name)
  const sending = sendBy(config, { secretOf, watch })
  const numbered = [...registry.values()].filter(({ numbers }) => numbers !== undefined).map(({ id }) => id)
  // Without anybody to send them, codes by text message are out of use, and still the user's: not a reason to ask less.
  // So are passkeys where browsers have none.
  const idle = (settings: RealmSettings) =>
    [...registry.values()].filter(
      ({ sends, signs }) =>
        (sends === 'sms' && !sending.sendsTexts(settings)) ||
        (signs === true && !hasPasskeys(config.hostname)),
    )
  const unavailable = (settings: RealmSettings): ReadonlySet<MethodId> =>
    new Set(idle(settings).map(({ id }) => id))
  const { origin } = new URL(config.hostname)
  const kit = (): Kit => ({
    registry,
    unavailable,
    site: { origin, rpId: config.passkeyRpId },
    now: clock(),
    random: randomBytes,
    mac: (text, keyId) => sealer.mac(text, keyId),
    keyIds: sealer.keyIds,
    hash: (text) => createHash('sha256').update(text).digest('base64url'),
  })
  const companions = companionsOf(registry)
  const keycloak = reachKeycloak(config.realms, { signer, clock, watch })
  const context: WebContext = {
    ...keycloak,
    store: countWritten(createLoginStore(database, sealer), metrics),
    admin: createAdminStore(database, { companions, clock, sealer }),
    audit: createAuditStore(database),
    figures: createFigureStore(database),
    sync: control,
    sessions: createWebSessionStore(database, sealer),
    directoryOf: directory ?? keycloak.directoryOf,
    endSessions,
    userMakerOf: createUserMaker,
    signer,
    renderer: createRenderer({ themesDir: config.themesDir, theme: config.theme }),
    accountPages: createAccountRenderer({ themesDir: config.themesDir, theme: config.theme }),
    adminPages: createAdminRenderer({ themesDir: config.themesDir, theme: config.theme }),
    sendText: sending.sendText,
    listing: createListingWriter({ themesDir: config.themesDir, theme: config.theme }),
    mail: sending.mail,
    metrics,
    kit,
    log,
    origin,
  }
  const background = createBackground(patiently, (err) => log.error({ err }, 'background work failed'))
  background.every(SIGNING_KEYS_RELOAD, () => signer.refresh(clock()))
  background.every(TELL_KEYS_EVERY, () => holder.tell())
  background.every(PRUNE_EVERY, () => prune(database, clock()))
  background.every(PRUNE_EVERY, () => pruneAudit(database, sealer, realms, clock()))
  const sealing = createAuditSealing(database, sealer, realms, clock, {
    sealed: (realm, seq, anchor) => log.info({ realm, seq, anchor }, 'audit sealed'),
    failed: (realm, err) => log.error({ realm, err }, 'audit not sealed'),
  })
  const sendNotices = createOutbox({
    store: createOutboxStore(database, sealer),
    send: createNoticeSender({
      settingsOf: async (realm) => (await context.admin.policy(realm)).settings,
      store: context.store,
      kit,
      writer: sending.mail.writer,
      sendMail: sending.mail.send,
      sendText: sending.sendText,
    }),
    clock,
    told({ realm, id, notice: { kind } }, outcome, again) {
      metrics.notices.inc({ realm, result: outcome.result })
      if (outcome.result !== 'sent') log.warn({ realm, id, kind, why: outcome.why, again }, 'notice not sent')
    },
  })
  const remind = createReminders({
    admin: context.admin,
    store: createReminderStore(database, sealer),
    realms,
    kit,
  })
  const found = (one: { realm: string; method: MethodId; data: unknown }) =>
    lookupOf(one.realm, one, kit()).lookup
  let isStarted = false
  let isStopping = false

  return {
    web: createServer(context, {
      trustProxy: config.trustProxy === 'xforwarded',
      within: withinRequest,
      ...sending.web,
    }),
    management: createManagement({ registry: metrics.registry, ...watch }),
    store: context.store,
    admin: context.admin,
    audit: context.audit,
    policy: createPolicyStore(database),
    start() {
      isStarted = true
      background.run(async () => {
        await fillLookups(database, sealer, numbered, found)
        // Nobody else can open the file while this server runs.
        if (database.sqlite !== undefined) await resealAll()
      })
      background.every(SEAL_EVERY, () => sealing.run())
      background.every(OUTBOX_EVERY, sendNotices)
      background.every(COUNT_EVERY, countAll)
      background.run(countAll)
      background.every(REMIND_EVERY, remind)
    },
    startWorker() {
      worker = patiently(() => startWorker(realms.map(workplaceOf)))
    },
    sync: control,
    drain: () => watch.drain(),
    log,
    async close() {
      isStopping = true
      const ended = background.stop()
      await worker?.stop()
      // What is being sent is told to be sent, or it would go out twice.
      await ended
      if (isStarted) await sealing.finish()
      await holder.leave()
      await database.close()
    },
  }

  function workplaceOf(realm: string): Workplace {
    return {
      realm,
      directory: context.directoryOf(realm),
      store: createSyncStore(database),
      admin: context.admin,
      registry,
      lookupOf(phone) {
        const number = attributeNumber(phone)
        return number === undefined ? undefined : numberLookup(realm, number, sealer)
      },
      unavailable,
      random: randomBytes,
      clock,
      log,
      figures: {
        pass: (name, result) => metrics.syncPasses.inc({ realm: name, result }),
        completed: (name, at) => metrics.syncCompleted.set({ realm: name }, at / 1000),
        changed: (name, count) => metrics.syncChanges.inc({ realm: name }, count),
        warnings: (name, count) => metrics.syncWarnings.set({ realm: name }, count),
      },
      interval: syncInterval,
    }
  }

  async function resealAll(): Promise<void> {
    const done = await reseal(database, sealer, { lookupOf: found, isStopping: () => isStopping })
    for (const { table, resealed, unreadable } of done) {
      if (resealed > 0) log.info({ table, resealed, key: sealer.keyIds[0] }, 'sealed under the newest key')
      if (unreadable > 0) log.error({ table, unreadable }, 'no configured key opens these rows')
    }
  }

  async function countAll(): Promise<void> {
    for (const realm of realms) await countEnrolled(database, realm, companions, clock())
  }
}
