import { type ChildProcess, execFile, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Fault } from "../core/index.ts";

const run = promisify(execFile);
const PLACES = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/opt/homebrew/sbin/sshd"];
const PRIVILEGE_SEPARATION = "/run/sshd";
const READY_MS = 5_000;

/** The demo target: an OpenSSH server of this machine that lets one account in by key. */
export interface DemoTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH form. */
  readonly privateKey: string;
}

/** The running demo target; `stop` ends it within a second, its sessions end with their connections. */
export interface DemoServer {
  readonly target: DemoTarget;
  stop(): Promise<void>;
}

/** Where OpenSSH's server is; Fault `unavailable` that says how to get it. */
export async function findSshd(): Promise<string> {
  for (const path of PLACES) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Fault("unavailable", "--demo needs OpenSSH's server on this machine. Run: apt-get install openssh-server");
}

/**
 * Starts sshd on a loopback port of its own, with keys and configuration in `directory`; port and keys stay the same
 * over restarts. The account is the user of this process. It is started again when it dies.
 */
export async function startDemoServer(deps: {
  readonly directory: string;
  readonly log: (message: string) => void;
}): Promise<DemoServer> {
  const { directory, log } = deps;
  const sshd = await findSshd();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await endForerunner(directory);
  const files = pathsIn(directory);
  const { username, uid } = userInfo();
  await Promise.all([makeKey(files.hostKey), makeKey(files.accountKey)]);
  await writeFile(files.authorized, await readFile(`${files.accountKey}.pub`), { mode: 0o600 });
  const port = await choosePort(files.port);
  await writeFile(
    files.config,
    configuration(files, { port, username, pam: uid === 0 && (await isLocked(username)) }),
    { mode: 0o600 },
  );
  if (uid === 0) await mkdir(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });
  let stopping = false;
  let child = await spawnServer(sshd, files);

  async function restart(): Promise<void> {
    if (stopping) return;
    log("The demo's OpenSSH server ended; starting it again");
    await pause(1_000);
    if (stopping) return;
    child = await spawnServer(sshd, files);
    watch();
  }

  function watch(): void {
    child.once("exit", () => void restart());
  }

  watch();
  await whenListening(port, () => child.exitCode !== null, files.log).catch((error) => {
    stopping = true;
    child.kill();
    throw error;
  });
  const privateKey = await readFile(files.accountKey, "utf8");
  return {
    target: { host: "127.0.0.1", port, username, privateKey },
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([gone, pause(1_000)]);
    },
  };
}

const pathsIn = (directory: string) => ({
  directory,
  config: join(directory, "sshd_config"),
  hostKey: join(directory, "host_key"),
  accountKey: join(directory, "account_key"),
  authorized: join(directory, "authorized_keys"),
  pid: join(directory, "sshd.pid"),
  port: join(directory, "port"),
  log: join(directory, "sshd.log"),
});

type Files = ReturnType<typeof pathsIn>;

function configuration(files: Files, options: { port: number; username: string; pam: boolean }): string {
  return [
    `Port ${options.port}`,
    "ListenAddress 127.0.0.1",
    `HostKey "${files.hostKey}"`,
    `PidFile "${files.pid}"`,
    `AuthorizedKeysFile "${files.authorized}"`,
    `AllowUsers ${options.username}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    `UsePAM ${options.pam ? "yes" : "no"}`,
    // The data directory may lie below a directory that others can write to; the files themselves are 0600.
    "StrictModes no",
    "MaxStartups 500",
    "MaxSessions 100",
    "PrintMotd no",
    "PrintLastLog no",
    "AcceptEnv LANG LC_*",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

async function makeKey(path: string): Promise<void> {
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return;
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "sallyport demo", "-f", path], { timeout: 10_000 });
}

/** Without PAM, sshd refuses an account whose password is locked even a key. */
async function isLocked(username: string): Promise<boolean> {
  const shadow = await readFile("/etc/shadow", "utf8").catch(() => "");
  return shadow.split("\n").some((line) => line.startsWith(`${username}:!`));
}

async function choosePort(file: string): Promise<number> {
  const kept = Number(await readFile(file, "utf8").catch(() => "0"));
  const port = (kept && (await tryPort(kept))) || (await tryPort(0));
  if (!port) throw new Fault("unavailable", "No port is free for the demo's OpenSSH server.");
  await writeFile(file, `${port}\n`, { mode: 0o600 });
  return port;
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(null));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : null));
    });
  });
}

/** What a killed program left running: only a process whose arguments name our own configuration is touched. */
async function endForerunner(directory: string): Promise<void> {
  const { pid: file, config } = pathsIn(directory);
  const pid = Number(await readFile(file, "utf8").catch(() => "0"));
  if (!(pid > 1)) return;
  for (let attempt = 0; attempt < 40; attempt++) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes(config)) break;
    if (attempt === 0) process.kill(pid, "SIGTERM");
    await pause(50);
  }
  await rm(file, { force: true });
}

async function spawnServer(sshd: string, files: Files): Promise<ChildProcess> {
  const log = await open(files.log, "w", 0o600);
  try {
    const child = spawn(sshd, ["-D", "-e", "-f", files.config], {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      cwd: "/",
    });
    child.on("error", () => {});
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

async function whenListening(port: number, ended: () => boolean, log: string): Promise<void> {
  const until = Date.now() + READY_MS;
  while (Date.now() < until && !ended()) {
    if (await answers(port)) return;
    await pause(30);
  }
  const words = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").at(-1) ?? "";
  throw new Fault("unavailable", `The demo's OpenSSH server did not start: ${words.slice(0, 300)}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
