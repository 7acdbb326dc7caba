import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rename, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { Fault } from "../../core/index.ts";
import { clientConfig } from "../address.ts";
import { type Layout, OWNER, systemIdentifier } from "./cluster.ts";
import { type Launcher, makeOwned } from "./launcher.ts";

/** Where the cluster answers. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

const SOCKET_PORT = 5432;
/** sun_path holds 108 bytes with its final zero; PostgreSQL names the file .s.PGSQL.5432. */
const LONGEST_SOCKET = 107;
const LONGEST_LOG = 10 << 20;
const READY_TIMEOUT_MS = 300_000;
const STARTING_UP = new Set(["57P03", "ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"]);

const SETTINGS = {
  unix_socket_permissions: "0700",
  max_connections: "200",
  shared_buffers: "128MB",
  max_wal_size: "512MB",
  max_parallel_workers_per_gather: "0",
  io_method: "sync",
  jit: "off",
  huge_pages: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // Statements and rows stay out of the log: they may hold secrets, and clients get every error anyway.
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_checkpoints: "off",
  cluster_name: "sallyport",
} as const;

const FAST_AND_LOSSY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

/** Whether the cluster is reached by its Unix socket; otherwise by TCP on loopback. */
const usesSocket = (paths: Layout): boolean =>
  process.platform !== "win32" && Buffer.byteLength(join(paths.sockets, `.s.PGSQL.${SOCKET_PORT}`)) <= LONGEST_SOCKET;

/** The connection of a running postmaster that listens on `port`. */
export async function connectionOf(paths: Layout, port: number): Promise<Connection> {
  const password = (await readFile(paths.password, "utf8")).trim();
  const host = usesSocket(paths) ? paths.sockets : "127.0.0.1";
  return { host, port, database: "postgres", user: OWNER, password };
}

/** Starts a postmaster that outlives this process; its output goes to postgres.log. */
export async function spawnPostmaster(
  paths: Layout,
  launcher: Launcher,
  options: { readonly durable: boolean; readonly port: number | null },
): Promise<{ child: ChildProcess; port: number }> {
  const socket = usesSocket(paths);
  const port = socket ? SOCKET_PORT : (options.port ?? (await freePort()));
  if (socket) await makeOwned(paths.sockets, launcher.account);
  const settings = {
    ...SETTINGS,
    ...(options.durable ? {} : FAST_AND_LOSSY),
    listen_addresses: socket ? "" : "127.0.0.1",
    unix_socket_directories: socket ? launcher.seen(paths.sockets) : "",
    port: String(port),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = launcher.command("postgres", ["-D", launcher.seen(paths.data), ...flags]);
  const log = await openLog(paths.log);
  try {
    const stdio = ["ignore", log.fd, log.fd] as const;
    const child = spawn(command.file, command.args, { ...command.options, detached: true, stdio: [...stdio] });
    child.on("error", () => {});
    child.unref();
    return { child, port };
  } finally {
    await log.close();
  }
}

async function openLog(path: string) {
  const size = (await stat(path).catch(() => null))?.size ?? 0;
  if (size > LONGEST_LOG) await rename(path, `${path}.1`);
  return open(path, "a", 0o600);
}

/**
 * Waits until the postmaster answers, crash recovery included (at most 5 minutes), and proves that it serves this
 * cluster. Fault `unavailable` when it ends before, is another's, or takes longer.
 */
export async function whenReady(
  paths: Layout,
  deps: {
    readonly connection: Connection;
    readonly ended: () => boolean | Promise<boolean>;
    readonly log: (message: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const from = Date.now();
  let told = from;
  while (Date.now() - from < READY_TIMEOUT_MS) {
    deps.signal?.throwIfAborted();
    if (await answers(paths, deps.connection)) return;
    if (await deps.ended()) throw new Fault("unavailable", `The database did not start: ${await lastWords(paths.log)}`);
    if (Date.now() - told > 5_000) {
      told = Date.now();
      deps.log("The database is recovering; waiting");
    }
    await pause(Date.now() - from < 2_000 ? 25 : 250);
  }
  throw new Fault("unavailable", `The database was not ready after ${READY_TIMEOUT_MS / 1000} s; see ${paths.log}`);
}

async function answers(paths: Layout, connection: Connection): Promise<boolean> {
  const client = new Client({ ...clientConfig(connection, {}), connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      "SELECT system_identifier::text AS id FROM pg_control_system()",
    );
    if (BigInt.asUintN(64, BigInt(rows[0]!.id)).toString() === (await systemIdentifier(paths.data))) return true;
    throw new Fault("unavailable", "Another database answers in the place of the embedded one. Stop it first.");
  } catch (error) {
    if (isStartingUp(error)) return false;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

function isStartingUp(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof Fault) return false;
  const code = "code" in error ? String(error.code) : "";
  return STARTING_UP.has(code) || /timeout|Connection terminated/i.test(error.message);
}

/** The last line of the server's log that says why. */
async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  const lines = text.slice(-8_000).split("\n").filter(Boolean);
  return (lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? `see ${log}`).slice(0, 300);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
