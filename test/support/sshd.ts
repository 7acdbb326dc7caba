import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";

/** A private OpenSSH server with its own keys and configuration. */
export interface Sshd {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  /** Of the host key, as ssh-keygen prints it. */
  readonly fingerprint: string;
  readonly hostKeyLine: string;
  /** The local user that the authorized keys belong to. */
  readonly username: string;
  log(): string;
  /** The process, for stopping it with SIGSTOP. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface StartSshd {
  /** Public key lines that may sign in as `username`. */
  readonly authorizedKeys?: readonly string[];
  /** Default: root, who runs the tests. */
  readonly username?: string;
  /** Lines of sshd_config; the first of a name counts. */
  readonly config?: readonly string[];
  readonly hostKeyType?: "ed25519" | "rsa" | "ecdsa";
  /** Another build of OpenSSH: folder with sbin/sshd and what it needs. */
  readonly program?: string;
}

/** Starts an OpenSSH server on a free port; needs root and the package openssh-server. */
export async function startSshd(options: StartSshd = {}): Promise<Sshd> {
  const {
    authorizedKeys = [],
    username = "root",
    config = [],
    hostKeyType = "ed25519",
    program = "/usr/sbin/sshd",
  } = options;
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(tmpdir(), "sshd-"));
  chmodSync(folder, 0o755);
  const hostKey = join(folder, "host-key");
  execFileSync("ssh-keygen", ["-q", "-t", hostKeyType, "-N", "", "-f", hostKey]);
  const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-lf", hostKey], { encoding: "utf8" }).split(" ");
  const keys = join(folder, "authorized-keys");
  writeFileSync(keys, authorizedKeys.map((line) => `${line}\n`).join(""), { mode: 0o644 });
  const port = await freePort();
  const lines = [
    ...config,
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${keys}`,
    "PidFile none",
    "StrictModes no",
    "PermitRootLogin yes",
    "UsePAM no",
    "LogLevel VERBOSE",
    "MaxStartups 500",
    "MaxSessions 500",
    "Subsystem sftp internal-sftp",
    "AcceptEnv LANG LC_*",
    // The start-up files of whoever runs the tests stay out of it: slow, and some take locks.
    `SetEnv SHLVL=1 HOME=${folder}`,
  ];
  const file = join(folder, "sshd_config");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const child = spawn(program, ["-D", "-e", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-200_000);
  });
  const stop = () => stopChild(child).then(() => rmSync(folder, { recursive: true, force: true }));
  try {
    await answers(port, child, () => log);
  } catch (error) {
    await stop();
    throw error;
  }
  const hostKeyLine = execFileSync("ssh-keygen", ["-yf", hostKey], { encoding: "utf8" }).trim();
  return {
    host: "127.0.0.1",
    port,
    folder,
    fingerprint,
    hostKeyLine,
    username,
    pid: child.pid ?? 0,
    log: () => log,
    stop,
  };
}

async function answers(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`sshd ended at once: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.once("close", () => resolve(false)).setTimeout(1000, () => socket.destroy());
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not answer on port ${port}: ${log()}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(timer);
}

/** A TCP port of this machine that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A local user with a password, for as long as a test runs; needs root. */
export function temporaryUser(): { name: string; password: string; remove(): void } {
  const name = `t${randomBytes(5).toString("hex")}`;
  const password = randomBytes(12).toString("base64url");
  execFileSync("useradd", ["-m", "-s", "/bin/bash", name]);
  execFileSync("chpasswd", { input: `${name}:${password}\n` });
  return {
    name,
    password,
    remove: () => void execFileSync("userdel", ["-r", "-f", name], { stdio: "ignore" }),
  };
}

/** A key pair made by ssh-keygen: the private key's text and the public line. */
export function makeKey(
  type: "ed25519" | "ecdsa" | "rsa" | "dsa",
  options: { bits?: number; passphrase?: string; format?: "PEM" | "PKCS8" | "RFC4716" } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "key-"));
  try {
    const file = join(folder, "key");
    const { bits, passphrase = "", format } = options;
    execFileSync("ssh-keygen", [
      "-q",
      "-t",
      type,
      "-N",
      passphrase,
      "-C",
      "made for a test",
      "-f",
      file,
      ...(bits ? ["-b", String(bits)] : []),
      ...(format ? ["-m", format] : []),
    ]);
    const read = (path: string) => execFileSync("cat", [path], { encoding: "utf8" });
    const fingerprint = execFileSync("ssh-keygen", ["-lf", `${file}.pub`], { encoding: "utf8" }).split(" ")[1] ?? "";
    return { privateKey: read(file), publicLine: read(`${file}.pub`).trim(), fingerprint };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
