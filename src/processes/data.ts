import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, lstat, mkdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fault } from "../core/index.ts";
import { type Claim, claim } from "../db/index.ts";

/** Directories below the data directory, all 0700; `database` belongs to PostgreSQL and is made by it. */
export const dataPaths = (data: string) => ({
  keys: join(data, "keys"),
  log: join(data, "log"),
  run: join(data, "run"),
  spool: join(data, "spool"),
  recordings: join(data, "recordings"),
  database: join(data, "database"),
  demo: join(data, "demo"),
  claim: join(data, "program.json"),
  checkpoints: join(data, "audit-checkpoints.jsonl"),
});

/** A Unix socket's path holds 107 bytes; a gateway's file name takes up to 60 of them. */
const LONGEST_RUN = 107 - 60;

const refuse = (message: string): never => {
  throw new Fault("unavailable", message);
};

/** Fault `unavailable` when the data directory cannot be used; makes nothing. */
export async function inspectData(data: string): Promise<"found" | "missing"> {
  const found = await stat(data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    return refuse(`The data directory ${data} cannot be used (${error.code}). Choose another: --data DIRECTORY`);
  });
  if (!found) {
    await refuseUnwritable(await existingAncestor(dirname(data)), data);
    return "missing";
  }
  if (!found.isDirectory()) refuse(`${data} is not a directory. Choose another: --data DIRECTORY`);
  const mine = process.getuid?.() ?? found.uid;
  if (found.uid !== mine) {
    refuse(
      `The data directory ${data} belongs to user ${found.uid}, not to ${mine}. Start as its owner, or choose another: --data DIRECTORY`,
    );
  }
  await refuseUnwritable(data, data);
  if ((found.mode & 0o077) !== 0) refuse(`Others may look into the data directory. Run: chmod 700 ${data}`);
  return "found";
}

async function existingAncestor(path: string): Promise<string> {
  return (await stat(path).catch(() => null)) || dirname(path) === path ? path : existingAncestor(dirname(path));
}

async function refuseUnwritable(directory: string, data: string): Promise<void> {
  await access(directory, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) =>
    refuse(
      `The data directory ${data} is not writable (${error.code}). Change its owner, or choose another: --data DIRECTORY`,
    ),
  );
}

/** Makes the data directory and what lies in it. Fault `unavailable` when it cannot. */
export async function makeData(data: string): Promise<void> {
  const { keys, log, spool, recordings, run } = dataPaths(data);
  try {
    for (const path of [data, keys, log, spool, recordings, run]) await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    refuse(
      `The data directory ${data} cannot be made (${(error as NodeJS.ErrnoException).code}). Choose another: --data DIRECTORY`,
    );
  }
}

/** One program on one data directory; Fault `unavailable` while another lives. */
export async function claimData(data: string): Promise<Claim> {
  return (
    (await claim(dataPaths(data).claim)) ??
    refuse(`Sallyport already runs on ${data}. Stop it first, or choose another: --data DIRECTORY`)
  );
}

/** Where the gateways' Unix sockets go: run/ below the data directory, or a private place where that path is too long. */
export async function runDirectory(data: string): Promise<string> {
  const { run } = dataPaths(data);
  if (Buffer.byteLength(run) <= LONGEST_RUN) return run;
  const short = join(tmpdir(), `sallyport-${createHash("sha256").update(data).digest("hex").slice(0, 12)}`);
  await mkdir(short, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(short);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) {
    refuse(`${short} belongs to somebody else. Choose a data directory with a shorter path: --data DIRECTORY`);
  }
  await chmod(short, 0o700);
  return short;
}
