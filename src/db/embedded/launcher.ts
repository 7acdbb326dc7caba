import { execFile, type SpawnOptions } from "node:child_process";
import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { Fault } from "../../core/index.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: Pick<SpawnOptions, "uid" | "gid" | "cwd" | "env">;
}

/** How PostgreSQL's programs are started: by whom, and seeing the directories where. */
export interface Launcher {
  /** Whom the cluster's files belong to; null: the caller. */
  readonly account: Account | null;
  readonly mode: "direct" | "namespace";
  /** The path under which PostgreSQL sees a file of the state directory. */
  seen(path: string): string;
  command(program: "postgres" | "initdb", args: readonly string[]): Command;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TZ: "UTC" };
const PROBE = { timeout: 15_000, cwd: "/", env: ENV };
/** Directories that a private mount may cover: PostgreSQL itself needs nothing from them. */
const COVERABLE = ["/mnt", "/media", "/srv", "/opt"];

/**
 * Arguments: directory to cover, binaries, state, uid, gid, program, its arguments. Runs in a mount namespace of its
 * own: the two directories appear at a place that the account can reach, whatever lies above them outside.
 */
const ENTER_NAMESPACE = `set -e
cover=$1 native=$2 state=$3 uid=$4 gid=$5
shift 5
mount -t tmpfs -o mode=0755,size=64k,nodev,nosuid tmpfs "$cover"
mkdir "$cover/native" "$cover/state"
mount --bind "$native" "$cover/native"
mount --bind "$state" "$cover/state"
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs -- "$@"`;

/**
 * Prepares the state directory and finds a way to run PostgreSQL on it. As an ordinary user: directly. As root: as
 * the owner of the existing cluster or the system user "sallyport" (made if missing) or "postgres"; where that user
 * cannot reach the directories, in a private mount namespace. Fault `unavailable` when neither is possible.
 */
export async function createLauncher(native: string, directory: string): Promise<Launcher> {
  const root = process.getuid?.() === 0;
  await makeWritable(directory);
  if (!root) {
    await refuseForeign(directory);
    return directly(native, null);
  }
  await chmod(directory, 0o711);
  const account = (await ownerOf(join(directory, "cluster/data"))) ?? (await serviceAccount());
  const direct = directly(native, account);
  if (await reaches(direct, directory)) return direct;
  const namespace = inNamespace(native, directory, account);
  const problem = await trial(namespace);
  if (problem === null) return namespace;
  throw new Fault(
    "unavailable",
    `PostgreSQL does not run as root, and uid ${account.uid} cannot reach ${directory} or ${native} ` +
      `(a private mount was refused: ${problem}). Run sallyport as an ordinary user, or give --data a directory ` +
      "that the user sallyport can reach.",
  );
}

async function makeWritable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new Fault(
      "unavailable",
      `The directory ${directory} cannot be made (${reason}). Choose another: --data`,
      {},
      cause,
    );
  }
}

async function refuseForeign(directory: string): Promise<void> {
  const owner = (await ownerOf(join(directory, "cluster/data")))?.uid ?? (await stat(directory)).uid;
  if (owner === process.getuid?.() || process.getuid === undefined) return;
  throw new Fault(
    "unavailable",
    `${directory} belongs to uid ${owner}. Run sallyport as that user or as root, or choose another: --data`,
  );
}

/** Makes a directory that belongs to the account, mode 0700. */
export async function makeOwned(path: string, account: Account | null): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (account) await chown(path, account.uid, account.gid);
}

function directly(native: string, account: Account | null): Launcher {
  return {
    account,
    mode: "direct",
    seen: (path) => path,
    command: (program, args) => ({
      file: join(native, "bin", program),
      args,
      options: { ...account, cwd: "/", env: ENV },
    }),
  };
}

function inNamespace(native: string, directory: string, account: Account): Launcher {
  const cover = COVERABLE.find((path) => [native, directory].every((used) => !`${used}/`.startsWith(`${path}/`)));
  const at = cover ?? "/mnt";
  return {
    account,
    mode: "namespace",
    seen: (path) => join(at, "state", relative(directory, path)),
    command(program, args) {
      const identity = [String(account.uid), String(account.gid)];
      const inside = ["sh", "-c", ENTER_NAMESPACE, "sh", at, native, directory, ...identity];
      const target = [join(at, "native/bin", program), ...args];
      return {
        file: "unshare",
        args: ["--mount", "--propagation", "private", "--", ...inside, ...target],
        options: { cwd: "/", env: ENV },
      };
    },
  };
}

async function ownerOf(path: string): Promise<Account | null> {
  const found = await stat(path).catch(() => null);
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : null;
}

async function serviceAccount(): Promise<Account> {
  const existing = await lookUp("sallyport");
  if (existing) return existing;
  const flags = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"];
  await run("useradd", [...flags, "--shell", "/usr/sbin/nologin", "sallyport"], PROBE).catch(() => {});
  const account = (await lookUp("sallyport")) ?? (await lookUp("postgres"));
  if (account) return account;
  throw new Fault(
    "unavailable",
    "PostgreSQL does not run as root, and the system user sallyport could not be made. Run sallyport as an ordinary " +
      "user, or make the user first: useradd --system sallyport",
  );
}

async function lookUp(name: string): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => (await run("id", [flag, name], PROBE)).stdout),
    );
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return null;
  }
}

async function reaches(launcher: Launcher, directory: string): Promise<boolean> {
  if ((await trial(launcher)) !== null) return false;
  return run("test", ["-x", directory], { ...PROBE, ...launcher.account }).then(
    () => true,
    () => false,
  );
}

/** Runs the server's --version: null when it answers, else the first line of the complaint. */
async function trial(launcher: Launcher): Promise<string | null> {
  const { file, args, options } = launcher.command("postgres", ["--version"]);
  try {
    await run(file, args, { ...PROBE, ...options } as typeof PROBE);
    return null;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return (stderr || message).split("\n")[0]!.slice(0, 200);
  }
}
