import { readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isAlive } from "./claim.ts";

const hasProc = process.platform === "linux";

/** The postmaster that postmaster.pid names, if it lives and works on this cluster. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** Reads `data`/postmaster.pid (PostgreSQL documentation, 69.1): line 1 the process, line 4 the port. */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Math.abs(Number(lines[0]));
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await worksOn(pid, data))) return null;
  return { pid, port: Number.isInteger(port) ? port : 0 };
}

/** PostgreSQL's processes stand in their data directory: compared by inode, so mount namespaces do not matter. */
export async function worksOn(pid: number, data: string): Promise<boolean> {
  if (!hasProc) return isAlive(pid);
  const stands = await standsIn(pid, data);
  return stands === "unknown" ? looksLikeOurs(pid, data) : stands;
}

async function standsIn(pid: number, data: string): Promise<boolean | "unknown"> {
  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(data)]);
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "unknown" : false;
  }
}

/**
 * For root without CAP_SYS_PTRACE (containers), who may not see where another user's process stands: a living process
 * of PostgreSQL that runs as the owner of the data. It may take another cluster's process for ours, never the reverse.
 */
async function looksLikeOurs(pid: number, data: string): Promise<boolean> {
  const [theirs, ours] = await Promise.all([`/proc/${pid}`, data].map((path) => stat(path).catch(() => null)));
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return theirs?.uid === ours?.uid && command !== "" && (await isPostgres(pid));
}

/**
 * Clears the way for a start after a crash: backends whose postmaster died are told to quit (they hold the shared
 * memory), and lock files are removed that name a stranger's process or a dead one that nobody has reaped yet, which
 * PostgreSQL would take for its postmaster. Only for a dead postmaster, and under the claim.
 */
export async function clearRemains(paths: { readonly data: string; readonly sockets: string }): Promise<void> {
  await endOrphans(paths.data);
  if (!hasProc) return;
  const sockets = await readdir(paths.sockets).catch(() => []);
  const locks = sockets.filter((name) => name.endsWith(".lock")).map((name) => join(paths.sockets, name));
  for (const lock of [join(paths.data, "postmaster.pid"), ...locks]) {
    const pid = Number((await readFile(lock, "utf8").catch(() => "")).split("\n")[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) continue;
    if (!(await worksOn(pid, paths.data))) await unlink(lock).catch(() => {});
  }
}

async function endOrphans(data: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const orphans = await processesOn(data);
    if (orphans.length === 0) return;
    for (const pid of orphans) send(pid, attempt < 40 ? "SIGQUIT" : "SIGKILL");
    await pause(100);
  }
}

async function processesOn(data: string): Promise<number[]> {
  if (!hasProc) return [];
  const pids = (await readdir("/proc")).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const ours = await Promise.all(
    pids.map(async (pid) => (await isPostgres(pid)) && (await standsIn(pid, data)) === true),
  );
  return pids.filter((_, index) => ours[index]);
}

const isPostgres = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim() === "postgres";

/** Fast shutdown (SIGINT), after 30 s immediate (SIGQUIT), after 10 s more SIGKILL. Resolves when it is gone. */
export async function endPostmaster(pid: number, data: string, fastMs = 30_000): Promise<void> {
  const steps = [
    ["SIGINT", fastMs],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ] as const;
  for (const [signal, wait] of steps) {
    if (!(await worksOn(pid, data))) return;
    send(pid, signal);
    const until = Date.now() + wait;
    while (Date.now() < until) {
      if (!(await worksOn(pid, data))) return;
      await pause(25);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went away by itself.
  }
}
