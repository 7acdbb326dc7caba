import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AuthAttempt,
  type AuthVerdict,
  type ClientSession,
  connectSsh,
  createSshServer,
  generateKeyPair,
  refuse,
  relay,
  type SshServerOptions,
  type SshTarget,
  type Tap,
} from "../../src/protocols/index.ts";
import type { Sshd } from "./sshd.ts";

/** The driver's server and client joined, without people: every key signs in, every session goes to `target`. */
export async function startGate(options: {
  target: Sshd;
  privateKey: string;
  tap?: Tap;
  authenticate?(attempt: AuthAttempt): Promise<AuthVerdict>;
  session?(session: ClientSession): void;
  server?: Partial<SshServerOptions>;
  connect?: Partial<Parameters<typeof connectSsh>[0]>;
  signal?: AbortSignal;
}) {
  const { target, privateKey, tap = { output() {}, input() {} } } = options;
  const attempts: AuthAttempt[] = [];
  const ends: unknown[] = [];
  const targets: SshTarget[] = [];
  async function serve(client: ClientSession): Promise<void> {
    try {
      const connection = await connectSsh({
        host: target.host,
        port: target.port,
        username: target.username,
        credential: { kind: "key", privateKey },
        hostKey: { verify: async (fingerprint) => fingerprint === target.fingerprint },
        ...options.connect,
      });
      targets.push(connection);
      const { pty, env, command } = client;
      const session = await (command === null
        ? connection.openShell({ pty, env })
        : connection.openExec({ command, pty, env }));
      ends.push(await relay({ client, target: session, tap, signal: options.signal }));
      connection.close();
    } catch (error) {
      refuse(client, error);
    }
  }
  const server = createSshServer({
    hostKeys: [generateKeyPair().privateKey],
    ...options.server,
    onConnection: () => ({
      async authenticate(attempt) {
        attempts.push(attempt);
        if (options.authenticate) return options.authenticate(attempt);
        return attempt.method.startsWith("publickey") ? "accept" : "reject";
      },
      session: options.session ?? ((client) => void serve(client)),
    }),
  });
  const port = await server.listen(0, "127.0.0.1");
  return { port, server, attempts, ends, targets };
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs OpenSSH's client with a key; `input` goes to its standard input, which is then closed. */
export function runSsh(run: {
  port: number;
  privateKey: string;
  args: readonly string[];
  options?: readonly string[];
  input?: Buffer;
  user?: string;
  program?: string;
  seconds?: number;
  /** False: the client may say everything. */
  quiet?: boolean;
}): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ssh-"));
  const file = join(folder, "key");
  writeFileSync(file, run.privateKey, { mode: 0o600 });
  const quiet = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    ...(run.quiet === false ? [] : ["LogLevel=ERROR"]),
  ];
  const child = spawn(
    run.program ?? "ssh",
    [
      "-F",
      "none",
      "-i",
      file,
      "-p",
      String(run.port),
      ...quiet.flatMap((option) => ["-o", option]),
      ...(run.options ?? []),
      `${run.user ?? "somebody"}@127.0.0.1`,
      ...run.args,
    ],
    { timeout: (run.seconds ?? 25) * 1000, stdio: ["pipe", "pipe", "pipe"] },
  );
  const out: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(run.input ?? Buffer.alloc(0));
  return new Promise((resolve) =>
    child.once("close", (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, stdout: Buffer.concat(out), stderr });
    }),
  );
}
