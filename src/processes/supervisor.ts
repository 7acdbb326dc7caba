import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { loadSigningKey } from "../audit/index.ts";
import { Fault } from "../core/index.ts";
import { type DemoServer, findSshd, startDemoServer } from "../demo/index.ts";
import { type Child, keepChild } from "./child.ts";
import { claimData, dataPaths, inspectData, makeData, runDirectory } from "./data.ts";
import { loadHostKeys } from "./host-keys.ts";
import { createLog } from "./log.ts";
import type { FromChild, Gateways, Role, Settings } from "./messages.ts";
import { refuseTakenPort } from "./ports.ts";
import { type Behind, openSshDoor, type SshDoor } from "./ssh-door.ts";
import { startText } from "./start-text.ts";
import { inspectServer, openStorage, type Storage } from "./storage.ts";

/** Together with the demo's second these stay below the 15 seconds that a stop may take. */
const GATEWAY_GRACE_MS = 7_000;
const TELL_MS = 1_000;
const API_GRACE_MS = 3_000;
const DATABASE_GRACE_MS = 3_000;

export interface Program {
  /** Ends everything in order within 15 seconds: sessions, console, demo, database last. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
  /** Looks again at certificates. */
  reload(): void;
}

export interface ProgramDeps {
  readonly config: Config;
  /** The file that runs the roles. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lines for the person who starts it. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

type Undo = () => Promise<unknown> | undefined;

/**
 * Starts the program: data directory, database, keys, processes, listeners. Fault with words for a person when it
 * cannot; what was started by then is stopped, and nothing was made if the fault could be seen before.
 */
export async function startProgram(deps: ProgramDeps): Promise<Program> {
  const { config } = deps;
  const undo: Undo[] = [];
  try {
    const claimed = (await inspectData(config.data)) === "found" ? await claimData(config.data) : null;
    if (claimed) undo.push(() => claimed.release());
    await lookAhead(config);
    await makeData(config.data);
    if (!claimed) {
      deps.say(`First start: setting up ${config.data} …`);
      const fresh = await claimData(config.data);
      undo.push(() => fresh.release());
    }
    return await startParts(deps, undo);
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/** Everything that can be refused before anything is made. */
async function lookAhead(config: Config): Promise<void> {
  await refuseTakenPort(config.listen, "listen");
  await refuseTakenPort(config.ssh, "ssh");
  if (config.clientCertificates) await refuseTakenPort(config.clientCertificates, "client-certificates");
  if (config.tls.kind === "acme") await refuseTakenPort(config.tls.challenges, "acme-http");
  if (config.demo) await findSshd();
  if (config.database) await inspectServer("--database", config.database);
  if (config.databaseOwner) await inspectServer("--database-owner", config.databaseOwner);
}

async function startParts(deps: ProgramDeps, undo: Undo[]): Promise<Program> {
  const { config, signal } = deps;
  const paths = dataPaths(config.data);
  const log = createLog({ ...config.log, name: "supervisor", directory: paths.log });
  const hostKeys = loadHostKeys(paths.keys);
  hostKeys.catch(() => {});
  const storage = await openStorage({ config, log, signal });
  undo.push(() => stopDatabase(storage, log));
  const keys = await hostKeys;
  // Made before its first use; only the api keeps it, gateways know its public half.
  await loadSigningKey(paths.keys);
  const demo = config.demo
    ? await startDemoServer({ directory: paths.demo, log: (message) => log.info(message) })
    : null;
  undo.push(() => demo?.stop());
  const crew = startCrew({ ...deps, log, storage, demo, run: await runDirectory(config.data) });
  undo.push(async () => crew.kill());
  const [api] = await Promise.all([crew.api.started, ...crew.gateways.map(({ child }) => child.started)]);
  signal.throwIfAborted();
  const door = await openSshDoor({
    at: config.ssh,
    perAddress: config.limits.sshWaiting,
    perMinute: config.limits.sshConnections,
    proxies: config.sshProxies,
    gateways: crew.gateways,
    log,
  });
  crew.door = door;
  deps.say(
    startText({
      config,
      httpPort: api.port ?? config.listen.port,
      sshPort: door.port,
      setupToken: api.setupToken,
      hostKeys: keys,
      adopted: storage.embedded?.adopted ?? false,
    }),
  );
  log.info({ gateways: crew.gateways.length }, "started");
  return {
    reload: () => void crew.api.send({ kind: "reload" }),
    kill() {
      crew.kill();
      void demo?.stop();
    },
    async stop() {
      log.info("stopping");
      await Promise.race([door.close(), pause(200)]);
      // Web terminals hear their last words through the api, and it seals what the gateways wrote last.
      await Promise.all(crew.gateways.map(({ child }) => child.stop(GATEWAY_GRACE_MS)));
      await crew.api.stop(API_GRACE_MS);
      await unwind(undo);
      log.info("stopped");
    },
  };
}

interface Crew {
  readonly api: Child;
  readonly gateways: Behind[];
  door: SshDoor | null;
  kill(): void;
}

function startCrew(
  deps: ProgramDeps & {
    readonly log: Logger;
    readonly storage: Storage;
    readonly demo: DemoServer | null;
    readonly run: string;
  },
): Crew {
  const { config, storage, demo, log } = deps;
  const { masterKey: _key, database: _url, databaseOwner: _owner, ...shared } = config;
  let httpPort: number | null = null;
  const settings =
    (slot: number) =>
    (first: boolean): Settings => ({
      // A port that the system chose stays the same when the process is started again.
      config: { ...shared, listen: { ...shared.listen, port: httpPort ?? shared.listen.port } },
      database: storage.address,
      masterKey: storage.masterKey,
      run: deps.run,
      demo: demo?.target ?? null,
      first,
      slot,
    });
  const keep = (role: Role, slot: number, message: (message: FromChild) => void, changed: () => void): Child =>
    keepChild({
      role,
      program: deps.program,
      environment: deps.environment,
      settings: settings(slot),
      message,
      changed,
      log,
    });

  const gateways: Behind[] = [];
  const tellApi = (): void => void api.send({ kind: "gateways", ...summary(gateways) });
  const telling = setInterval(tellApi, TELL_MS).unref();
  const api = keep(
    "api",
    0,
    () => {},
    () => api.live && tellApi(),
  );
  api.started.then(
    ({ port }) => (httpPort = port),
    () => {},
  );
  const crew: Crew = {
    api,
    gateways,
    door: null,
    kill() {
      clearInterval(telling);
      for (const child of [api, ...gateways.map((gateway) => gateway.child)]) child.kill();
    },
  };
  for (let slot = 1; slot <= config.gateways; slot++) gateways.push(behind(crew, keep, slot, tellApi));
  return crew;
}

function summary(gateways: readonly Behind[]): Gateways {
  const live = gateways.map((gateway, at) => ({ ...gateway, slot: at + 1 })).filter(({ child }) => child.live);
  return {
    alive: live.length,
    failedSignIns: gateways.reduce((sum, { failedSignIns }) => sum + failedSignIns, 0),
    lags: Object.fromEntries(live.map(({ slot, lag }) => [slot, lag])),
  };
}

type Keep = (role: Role, slot: number, message: (message: FromChild) => void, changed: () => void) => Child;

function behind(crew: Crew, keep: Keep, slot: number, tellApi: () => void): Behind {
  function heard(message: FromChild): void {
    if (message.kind === "load") {
      const { sessions, bytesPerSecond, lag } = message;
      Object.assign(gateway, { sessions, bytesPerSecond, lag });
      gateway.failedSignIns += message.failedSignIns;
    } else if (message.kind === "signed-in") {
      // Counted at once, as its end is: the next connection may come before the next report.
      gateway.sessions += 1;
      crew.door?.settled(gateway, message.id);
    } else if (message.kind === "closed" && !crew.door?.settled(gateway, message.id)) {
      gateway.sessions = Math.max(0, gateway.sessions - 1);
    }
  }
  function changed(): void {
    if (!gateway.child.live) crew.door?.forget(gateway);
    tellApi();
  }
  const gateway: Behind = {
    child: keep("gateway", slot, heard, changed),
    sessions: 0,
    bytesPerSecond: 0,
    failedSignIns: 0,
    lag: 0,
    waiting: new Map(),
  };
  return gateway;
}

async function stopDatabase({ embedded }: Storage, log: Logger): Promise<void> {
  if (!embedded) return;
  const stopped = embedded.stop().then(() => true);
  if (!(await Promise.race([stopped, pause(DATABASE_GRACE_MS, false)]))) {
    log.warn("the database takes longer to stop; it ends by itself, or the next start goes on with it");
  }
}

async function unwind(undo: Undo[]): Promise<void> {
  for (let step = undo.pop(); step; step = undo.pop()) await Promise.resolve(step()).catch(() => {});
}

/** The file that a process of a role is started from. */
export const mainFile = join(import.meta.dirname, "..", "main.ts");

/** One line for a person; whatever is no Fault keeps its stack. */
export const wordsOf = (error: unknown): string =>
  error instanceof Fault ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
