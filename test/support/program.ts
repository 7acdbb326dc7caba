import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { completeSetup, signIn } from "../../src/iam/schema.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
const READY_MS = 60_000;

/** The whole program as a child process, on free ports, with a data directory of its own. */
export interface TestProgram {
  readonly url: string;
  readonly sshPort: number;
  readonly data: string;
  /** What it printed so far. */
  output(): string;
  /** All log files together. */
  logs(): Promise<string>;
  /** Completes set-up as `admin`; call once. */
  setUp(): Promise<Client>;
  signIn(loginName: string, password: string): Promise<Client>;
  /** Without a cookie. */
  anonymous(): Client;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Calls endpoints as one person. */
export interface Client {
  readonly cookie: string;
  call<I extends z.ZodType, O extends z.ZodType>(endpoint: Endpoint<I, O>, input: z.input<I>): Promise<z.output<O>>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** A refusal by the server. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  constructor(status: number, body: { error?: string; message?: string; details?: Record<string, unknown> }) {
    super(body.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.error ?? "";
    this.details = body.details ?? {};
  }
}

export const ADMIN = { loginName: "admin", name: "Ada Admin", password: `pass-${randomBytes(9).toString("hex")}` };

/** Starts the program and waits until it serves. `database`: a URL instead of an embedded one of its own. */
export async function startTestProgram(
  options: { database?: string; demo?: boolean; args?: readonly string[]; data?: string } = {},
): Promise<TestProgram> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), "sallyport-program-")));
  const [port, sshPort] = [await freePort(), await freePort()];
  const args = [
    "--data",
    data,
    "--listen",
    `127.0.0.1:${port}`,
    "--ssh",
    `127.0.0.1:${sshPort}`,
    ...(options.args ?? []),
  ];
  if (options.database) args.push("--database", options.database);
  if (options.demo) args.push("--demo");
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const url = `http://127.0.0.1:${port}`;
  await until(
    () => printed.includes("Sallyport is running"),
    () => child.exitCode !== null,
    () => printed,
  );
  const client = (cookie: string): Client => createClient(url, cookie);

  return {
    url,
    sshPort,
    data,
    process: child,
    output: () => printed,
    async logs() {
      const names = await readdir(join(data, "log"));
      const texts = await Promise.all(names.map((name) => readFile(join(data, "log", name), "utf8")));
      return texts.join("\n");
    },
    anonymous: () => client(""),
    async setUp() {
      const token = /setup#(\S+)/.exec(printed)?.[1] ?? "";
      return client(await cookieOf(url, completeSetup, { token, ...ADMIN }));
    },
    signIn: async (loginName, password) => client(await cookieOf(url, signIn, { loginName, password })),
    async stop() {
      if (child.exitCode === null) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await gone;
      }
      if (!options.data) await rm(data, { recursive: true, force: true });
    },
  };
}

async function cookieOf(url: string, endpoint: Endpoint, input: object): Promise<string> {
  const answer = await send(url, "", endpoint, input);
  const [cookie = ""] = answer.headers.getSetCookie();
  return cookie.split(";")[0] ?? "";
}

function createClient(url: string, cookie: string): Client {
  return {
    cookie,
    fetch: (path, init = {}) =>
      fetch(url + path, { ...init, headers: { origin: url, cookie, ...(init.headers as Record<string, string>) } }),
    async call(endpoint, input) {
      const answer = await send(url, cookie, endpoint, input as object);
      return endpoint.output.parse(await answer.json());
    },
  };
}

/** Sends an endpoint's call; throws Refused unless it is answered with 2xx. */
async function send(url: string, cookie: string, endpoint: Endpoint, input: object): Promise<Response> {
  const [method = "", route = ""] = endpoint.route.split(" ");
  const rest: Record<string, unknown> = { ...input };
  const path = route.replace(/:([a-zA-Z]+)/g, (_, key: string) => {
    const value = rest[key] as string;
    delete rest[key];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(rest)) if (value !== undefined) query.set(key, `${value as string}`);
  const reads = method === "GET";
  const answer = await fetch(`${url}/api${path}${reads && query.size > 0 ? `?${query.toString()}` : ""}`, {
    method,
    headers: { origin: url, cookie, ...(!reads && { "content-type": "application/json" }) },
    body: reads ? null : JSON.stringify(rest),
  });
  if (!answer.ok) throw new Refused(answer.status, (await answer.json()) as { error?: string; message?: string });
  return answer;
}

/** A port that nobody listens at, below those that the system gives to connections: none of these takes it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) =>
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)),
    );
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Waits until `done`, looking every 20 ms; throws with `words` when `failed` or after a minute. */
async function until(done: () => boolean, failed: () => boolean, words: () => string): Promise<void> {
  const end = Date.now() + READY_MS;
  while (!done()) {
    if (failed() || Date.now() > end) throw new Error(`The program did not start:\n${words()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
