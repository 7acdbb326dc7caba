import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import type { Logger } from "pino";
import { prepareMemory } from "../core/index.ts";
import { registerDemo, withDemoAccess } from "../demo/index.ts";
import {
  createSealer as createRecordingSealer,
  loadSigningKey,
  manifestDigest,
  type SigningKey,
} from "../audit/index.ts";
import { receiverOf } from "../iam/index.ts";
import { createCertificateDoor, createHttp, createTls, type Measure, type Tls } from "../http/index.ts";
import { dataPaths } from "./data.ts";
import { createDomains, type Domains } from "./domains.ts";
import type { Gateways, Settings } from "./messages.ts";
import { portFault } from "./ports.ts";
import type { Running } from "./role.ts";

const TIDY_MS = 10 * 60_000;
const ROOT = join(import.meta.dirname, "..", "..");

/** The role `api`: console, API, sealing of the audit trail, housekeeping. */
export async function startApi({ settings, log }: { settings: Settings; log: Logger }): Promise<Running> {
  const { config } = settings;
  prepareMemory("moving");
  const signingKey = await loadSigningKey(dataPaths(config.data).keys);
  const domains = await createDomains({ settings, log, connections: 20, signingKey });
  const { database, runtime, platform, iam, assets, audit, now } = domains;
  const all = actionsOf(domains);
  await iam.prepare(all);
  const { demo } = settings;
  if (demo) await registerDemo({ runtime, actions: all, target: demo });
  const ending = new AbortController();
  const following = await platform.follow();
  const working = await platform.work({
    kinds: [...iam.work.kinds, ...assets.work.kinds],
    schedules: [...iam.work.schedules, ...assets.work.schedules],
    templates: [...iam.work.templates, ...assets.work.templates],
    receiverOf,
  });
  const work = [audit.startSealing(ending.signal)];
  domains.sessions.startHousekeeping(ending.signal, (error) => log.error({ err: error }, "housekeeping failed"));
  const tidying = setInterval(
    () => void iam.tidy().catch((error: unknown) => log.error({ err: error }, "tidying failed")),
    TIDY_MS,
  ).unref();
  const recordings = storeRecordings(domains, signingKey);
  recordings.start();
  const names = [...config.hostNames];
  const tls =
    config.tls.kind === "none" ? null : await createTls({ options: config.tls, data: config.data, names, now, log });
  let gateways: Gateways = { alive: 0, failedSignIns: 0, lags: {} };
  const http = await createHttp({
    ...config,
    runtime,
    log,
    tls,
    actions: demo ? withDemoAccess(runtime, all) : all,
    identify: iam.identify,
    consoleDirectory: join(ROOT, "web", "dist"),
    version: await version(),
    measures: measuresOf(domains, () => gateways),
    async ready() {
      const database_ = await sql`select 1`.execute(database.db).then(
        () => true,
        () => false,
      );
      return { database: database_, gateways: gateways.alive > 0 };
    },
  });
  const { port } = await http.listen(config.listen).catch((error: unknown) => {
    throw portFault(error, config.listen, "listen");
  });
  const certificateDoor = tls && (await openCertificateDoor(domains, { settings, tls, consolePort: port }));
  const setupToken = settings.first ? await iam.makeSetupToken() : null;

  async function stop(): Promise<void> {
    await Promise.all([http.close(), certificateDoor?.close()]);
    ending.abort();
    clearInterval(tidying);
    await Promise.all([...work, recordings.stop(), working.stop()]);
    await following.stop();
    await tls?.close();
    await database.close();
  }

  return {
    ready: { kind: "ready", port, setupToken },
    message(message) {
      if (message.kind === "gateways") gateways = message;
      else if (message.kind === "reload") void tls?.reload();
    },
    stop,
    // Nobody would keep the database running: end at once, a new program is waiting for the port.
    orphaned: async () => {},
  };
}

/** Where browsers show certificates; null when the options name no place for it. */
async function openCertificateDoor(
  { iam, log }: Domains,
  { settings: { config }, tls, consolePort }: { settings: Settings; tls: Tls; consolePort: number },
) {
  const at = config.clientCertificates;
  if (!at) return null;
  const { authorities, take } = iam.certificateDoor;
  const door = await createCertificateDoor({ ...config, tls, consolePort, authorities, take, log });
  await door.listen(at).catch((error: unknown) => {
    throw portFault(error, at, "client-certificates");
  });
  return door;
}

const actionsOf = ({ platform, iam, assets, audit, sessions }: Domains) => [
  ...platform.actions,
  ...iam.actions,
  ...assets.actions,
  ...sessions.actions,
  ...audit.actions,
];

/** Moves recordings into the store, and writes down that they are there. */
const storeRecordings = ({ spool, store, sealer, sessions, log }: Domains, signingKey: SigningKey) =>
  createRecordingSealer({
    spoolDirectory: spool,
    store,
    unwrap: (key, context) => sealer.open(key, context),
    signingKey: signingKey.privateKey,
    yields: true,
    onSealed: async ({ id, state, chunks, bytes, duration }) =>
      sessions.recordingStored({
        id,
        complete: state === "complete",
        chunks,
        bytes,
        durationMs: duration / 1000,
        manifest: await manifestDigest(store, id),
      }),
    onFailed: ({ id, attempts, error }) =>
      log.error({ recording: id, attempts, err: error }, "a recording could not be stored yet"),
  });

const count = (domains: Domains, query: ReturnType<typeof sql<{ count: number }>>) => async (): Promise<number> =>
  (await query.execute(domains.database.db)).rows[0]?.count ?? 0;

const measuresOf = (domains: Domains, gateways: () => Gateways): Measure[] => [
  {
    name: "sessions_live",
    help: "Sessions that are open now",
    read: count(domains, sql<{ count: number }>`select count(*) from session where state <> 'ended'`),
  },
  {
    name: "audit_events_unsealed",
    help: "Audit events that are not in the signed chain yet",
    read: count(domains, sql<{ count: number }>`select count(*) from audit_unsealed`),
  },
  {
    name: "sign_in_failures_total",
    help: "Sign-ins that were refused (of those that had to wait only the first), by the door they were tried at",
    label: "via",
    read: () => ({ console: domains.failedSignIns(), ssh: gateways().failedSignIns }),
  },
  {
    name: "gateway_eventloop_lag_seconds",
    help: "How late a gateway process comes to its work, 99th percentile of the last seconds",
    label: "gateway",
    read: () => gateways().lags,
  },
];

async function version(): Promise<string> {
  const text = await readFile(join(ROOT, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
