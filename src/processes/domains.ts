import { join } from "node:path";
import type { Logger } from "pino";
import { assetSettings, createAssets } from "../assets/index.ts";
import { type Audit, createAudit, loadPublicKey, type SigningKey, stores } from "../audit/index.ts";
import { registry, systemClock } from "../core/index.ts";
import { createDatabase, createRuntime, createSealer } from "../db/index.ts";
import { createIam, iamSettings } from "../iam/index.ts";
import { createPlatform } from "../platform/index.ts";
import { generateKeyPair, parsePrivateKey, parsePublicKey, protocols, signCertificate } from "../protocols/index.ts";
import { createSessions } from "../sessions/index.ts";
import { dataPaths } from "./data.ts";
import { loadHostKeys } from "./host-keys.ts";
import { originOf } from "../config.ts";
import type { Settings } from "./messages.ts";

export type Domains = Awaited<ReturnType<typeof createDomains>>;

/** Everything a process of either role is made of; a domain is one line. */
export async function createDomains(deps: {
  readonly settings: Settings;
  readonly log: Logger;
  readonly connections: number;
  /** Null in gateways, which seal nothing. */
  readonly signingKey: SigningKey | null;
}) {
  const { settings, log, signingKey } = deps;
  const paths = dataPaths(settings.config.data);
  const now = systemClock;
  const say = (message: string, error?: unknown): void =>
    error ? log.error({ reason: reasonOf(error) }, message) : log.info(message);
  const database = createDatabase({
    ...settings.database,
    max: deps.connections,
    lost: (error) => log.warn({ reason: error.message }, "database connection lost"),
  });
  const sealer = createSealer({ masterKeys: { current: Buffer.from(settings.masterKey, "base64") } });
  const publicKey = signingKey?.publicKey ?? (await loadPublicKey(join(paths.keys, "audit.pub")));
  const hostKeys = await loadHostKeys(paths.keys);
  const store = stores.get("disk").create({ directory: paths.recordings });
  const audit = createAudit({ database, now, signingKey, checkpointFile: paths.checkpoints, log: say });
  const signIns = countFailures(audit.record);
  const runtime = createRuntime({ database, now, record: signIns.record });
  const openPrivateKey = (text: string, passphrase?: string): string =>
    parsePrivateKey(text, passphrase).getPrivatePEM();
  const known = registry(
    "protocol",
    protocols.list().map((entry) => ({ ...entry, secretKinds: entry.credentials.map(secretKind) })),
  );
  const platform = createPlatform({
    database,
    runtime,
    sealer,
    settings: [...iamSettings, ...assetSettings],
    say,
    consoleOrigin: originOf(settings.config),
  });
  const iam = createIam({
    database,
    runtime,
    sealer,
    platform,
    parsePublicKey,
    certificates: { generateKeyPair, signCertificate },
    consoleOrigin: originOf(settings.config),
    certificatePort: settings.config.clientCertificates?.port ?? null,
  });
  const assets = createAssets({ sealer, runtime, platform, protocols: known, openPrivateKey });
  const sessions = createSessions({
    runtime,
    store,
    spoolDirectory: paths.spool,
    publicKey,
    sealer,
  });
  return {
    log,
    limits: settings.config.limits,
    sessions,
    paths,
    now,
    say,
    database,
    sealer,
    hostKeys,
    store,
    audit,
    /** Refused sign-ins of this process, since it started. */
    failedSignIns: signIns.failed,
    runtime,
    platform,
    iam,
    assets,
    spool: join(paths.spool),
  };
}

/** Every try of every door is recorded, so whoever records sees them all. */
function countFailures(record: Audit["record"]) {
  let failures = 0;
  return {
    failed: (): number => failures,
    record: ((db, occurrence) => {
      if (occurrence.action === "sign-in" && occurrence.outcome !== "ok") failures += 1;
      return record(db, occurrence);
    }) satisfies Audit["record"],
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.slice(0, 500) : String(typeof error);

/** Stored secrets and drivers name a key differently. */
const secretKind = (credential: "password" | "key"): string => (credential === "key" ? "ssh_key" : credential);
