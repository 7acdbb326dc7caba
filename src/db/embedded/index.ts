import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { Fault } from "../../core/index.ts";
import { clientConfig } from "../address.ts";
import { findBinaries } from "./binaries.ts";
import { type Claim, claim } from "./claim.ts";
import { ensureCluster, type Layout, layout, OWNER } from "./cluster.ts";
import { createLauncher, type Launcher } from "./launcher.ts";
import { clearRemains, endPostmaster, findPostmaster, worksOn } from "./postmaster.ts";
import { type Connection, connectionOf, spawnPostmaster, whenReady } from "./server.ts";

export { type Claim, claim } from "./claim.ts";

/** The running cluster, kept running until `stop`. */
export interface Embedded {
  /** Signs in as the owner of the database: for migrations, and for `createDatabase`, which takes the lesser role. */
  readonly connection: Connection;
  /** The postmaster's process; another one after it crashed and was started again. */
  readonly pid: number;
  /** Whether a postmaster that was already running is used. */
  readonly adopted: boolean;
  /** Ends the postmaster (fast shutdown, at most 45 s); one that another living process looks after is left alone. */
  stop(): Promise<void>;
}

/** What `startEmbedded` needs. */
export interface EmbeddedOptions {
  /** The state directory, made if missing; nothing else may lie in it. */
  readonly directory: string;
  readonly log: (message: string) => void;
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal;
  /** False gives up crash safety for speed: for tests only. */
  readonly durable?: boolean;
}

const RESTART_PAUSES_MS = [0, 250, 1_000, 3_000, 10_000] as const;
const CALM_MS = 60_000;
const WATCH_MS = 500;
const ADOPT_WAIT_MS = 120_000;

/**
 * Starts the embedded PostgreSQL, or adopts the one still running on this directory, and keeps it running: a
 * postmaster that dies is started again. It outlives this process if this is killed; nothing acknowledged is lost.
 * Fault `unavailable` when there are no binaries, when the directory cannot be used, or when it does not start.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const directory = resolve(options.directory);
  const native = await findBinaries();
  const launcher = await createLauncher(native, directory);
  const deps = { ...options, durable: options.durable ?? true, launcher, paths: layout(directory) };
  const held = await claim(deps.paths.claim);
  if (!held) return joinRunning(deps);
  try {
    await ensureCluster(deps.paths, launcher, deps.durable);
    const { adopted, ...first } = await adoptOrStart(deps);
    await ensureDatabase(first.connection);
    return supervise(deps, held, first, adopted);
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** Ends what runs on a state directory and removes it whole, for throw-away clusters; false if a living process uses it. */
export async function discardEmbedded(directory: string): Promise<boolean> {
  const paths = layout(resolve(directory));
  const held = await claim(paths.claim);
  if (!held) return false;
  const found = await findPostmaster(paths.data);
  if (found) await endPostmaster(found.pid, paths.data, 5_000);
  await rm(paths.directory, { recursive: true, force: true });
  return true;
}

interface Deps extends EmbeddedOptions {
  readonly durable: boolean;
  readonly launcher: Launcher;
  readonly paths: Layout;
}

interface Running {
  readonly pid: number;
  readonly connection: Connection;
}

/** Uses the postmaster of another living process, which may still be starting it. */
async function joinRunning(deps: Deps): Promise<Embedded> {
  const until = Date.now() + ADOPT_WAIT_MS;
  while (Date.now() < until) {
    deps.signal?.throwIfAborted();
    const running = await adopt(deps);
    if (running) {
      await ensureDatabase(running.connection);
      return { ...running, connection: ofProgram(running.connection), adopted: true, stop: async () => {} };
    }
    await pause(200);
  }
  throw new Fault("unavailable", `Another process holds ${deps.paths.directory} but its database does not answer.`);
}

/** A start may lose against a postmaster that a killed program had just launched: then that one is adopted. */
async function adoptOrStart(deps: Deps): Promise<Running & { adopted: boolean }> {
  const running = await adopt(deps);
  if (running) return { ...running, adopted: true };
  try {
    return { ...(await start(deps, null)), adopted: false };
  } catch (error) {
    const other = await adopt(deps);
    if (other) return { ...other, adopted: true };
    throw error;
  }
}

async function adopt(deps: Deps): Promise<Running | null> {
  const { paths, log, signal } = deps;
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = await findPostmaster(paths.data);
    if (!found) return null;
    if (found.port) {
      const connection = await connectionOf(paths, found.port);
      const gone = () => worksOn(found.pid, paths.data).then((works) => !works);
      try {
        await whenReady(paths, { connection, ended: gone, log, signal });
        log(`Adopted the running database, process ${found.pid}`);
        return { pid: found.pid, connection };
      } catch (error) {
        if (!(await gone())) throw error;
      }
    }
    await pause(100);
  }
  return null;
}

async function start(deps: Deps, port: number | null): Promise<Running> {
  const { paths, launcher, log, signal } = deps;
  await clearRemains(paths);
  const { child, port: chosen } = await spawnPostmaster(paths, launcher, { durable: deps.durable, port });
  const connection = await connectionOf(paths, chosen);
  try {
    await whenReady(paths, { connection, ended: () => hasEnded(child), log, signal });
    return { pid: child.pid!, connection };
  } catch (error) {
    if (child.pid && !hasEnded(child)) await endPostmaster(child.pid, paths.data, 5_000);
    throw error;
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** Watches the postmaster and starts it again, at the same address, until `stop`. */
function supervise(deps: Deps, held: Claim, first: Running, adopted: boolean): Embedded {
  const { paths, log } = deps;
  const stopping = new AbortController();
  let current = first;
  let failures = 0;
  let since = Date.now();

  async function watch(): Promise<void> {
    while (await rest(WATCH_MS, stopping.signal)) {
      if (await worksOn(current.pid, paths.data)) continue;
      if (Date.now() - since > CALM_MS) failures = 0;
      const delay = RESTART_PAUSES_MS[failures++] ?? RESTART_PAUSES_MS.at(-1)!;
      log(`The database process ${current.pid} has ended; starting it again`);
      if (!(await rest(delay, stopping.signal))) return;
      try {
        current = await start({ ...deps, signal: stopping.signal }, current.connection.port);
        log(`The database runs again, process ${current.pid}`);
      } catch (error) {
        if (!stopping.signal.aborted) log(`The database could not be started again: ${(error as Error).message}`);
      }
      since = Date.now();
    }
  }

  const watching = watch();
  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    stopping.abort();
    await watching;
    await endPostmaster(current.pid, paths.data);
    await held.release();
  }
  return {
    connection: ofProgram(first.connection),
    adopted,
    get pid() {
      return current.pid;
    },
    stop: () => (stopped ??= stop()),
  };
}

/** False when it was cut short. */
const rest = (ms: number, signal: AbortSignal): Promise<boolean> =>
  pause(ms, undefined, { signal, ref: false }).then(
    () => true,
    () => false,
  );

const ofProgram = (connection: Connection): Connection => ({ ...connection, database: OWNER });

async function ensureDatabase(connection: Connection): Promise<void> {
  const client = new Client(clientConfig(connection, {}));
  client.on("error", () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [OWNER]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${OWNER}`);
  } catch (error) {
    const made = error instanceof Error && "code" in error && (error.code === "42P04" || error.code === "23505");
    if (!made) throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
