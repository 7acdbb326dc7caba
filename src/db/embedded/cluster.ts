import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "../../core/index.ts";
import { MAJOR } from "./binaries.ts";
import { type Launcher, makeOwned } from "./launcher.ts";

const run = promisify(execFile);
const INITDB_TIMEOUT_MS = 180_000;
const DRAFT = "cluster.new-";
/** Retried: an initdb whose program was killed may still be writing there. */
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;

/** The superuser of the cluster and the program's database. */
export const OWNER = "sallyport";

/** The paths of the state directory: cluster/ appears whole, by one rename. */
export const layout = (directory: string) => ({
  directory,
  cluster: join(directory, "cluster"),
  data: join(directory, "cluster/data"),
  password: join(directory, "cluster/password"),
  sockets: join(directory, "socket"),
  claim: join(directory, "owner.json"),
  log: join(directory, "postgres.log"),
});

export type Layout = ReturnType<typeof layout>;

/** Makes the cluster unless it is there. What an interrupted attempt left is removed; call it under the claim. */
export async function ensureCluster(paths: Layout, launcher: Launcher, durable: boolean): Promise<"made" | "found"> {
  await removeDrafts(paths.directory);
  if (await stat(paths.data).catch(() => null)) {
    await refuseOtherMajor(paths.data);
    return "found";
  }
  const draft = join(paths.directory, `${DRAFT}${randomBytes(6).toString("hex")}`);
  await mkdir(draft, { mode: 0o711 });
  const password = randomBytes(24).toString("base64url");
  await writeDurably(join(draft, "password"), password);
  await initialise(draft, password, launcher, durable);
  await rename(draft, paths.cluster);
  await syncDirectory(paths.directory);
  return "made";
}

async function initialise(draft: string, password: string, launcher: Launcher, durable: boolean): Promise<void> {
  const data = join(draft, "data");
  const handover = join(draft, "handover");
  await makeOwned(data, launcher.account);
  await writeFile(handover, password, { mode: 0o600, flag: "wx" });
  if (launcher.account) await chown(handover, launcher.account.uid, launcher.account.gid);
  const { file, args, options } = launcher.command("initdb", [
    `--pgdata=${launcher.seen(data)}`,
    `--username=${OWNER}`,
    `--pwfile=${launcher.seen(handover)}`,
    "--auth=scram-sha-256",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C",
    ...(durable ? [] : ["--no-sync"]),
  ]);
  try {
    await run(file, args, { ...options, cwd: "/", timeout: INITDB_TIMEOUT_MS, maxBuffer: 1 << 20 });
  } catch (error) {
    const output = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? "";
    await rm(draft, REMOVE);
    throw new Fault(
      "unavailable",
      `The database could not be set up: ${output || (error as Error).message}`,
      undefined,
    );
  }
  await rm(handover);
}

async function removeDrafts(directory: string): Promise<void> {
  const names = await readdir(directory);
  const drafts = names.filter((name) => name.startsWith(DRAFT));
  await Promise.all(drafts.map((name) => rm(join(directory, name), REMOVE)));
}

async function refuseOtherMajor(data: string): Promise<void> {
  const major = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  if (major === MAJOR) return;
  throw new Fault(
    "unavailable",
    `The data directory was made by PostgreSQL ${major}, this program brings PostgreSQL ${MAJOR}. ` +
      "Start the version of sallyport that made it, or move the data with pg_dump.",
  );
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The cluster's own number, the first eight bytes of global/pg_control: what pg_control_system() must answer. */
export async function systemIdentifier(data: string): Promise<string> {
  const control = await readFile(join(data, "global/pg_control"));
  return control.readBigUInt64LE(0).toString();
}
