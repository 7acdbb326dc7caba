import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, describe, expect, test } from "vitest";
import type { Said } from "../../../test/support/embedded-program.ts";
import { createDatabase } from "../index.ts";
import { findBinaries } from "./binaries.ts";
import { discardEmbedded, type Embedded, startEmbedded } from "./index.ts";

const isRoot = process.getuid?.() === 0;
const PROGRAM = join(import.meta.dirname, "../../../test/support/embedded-program.ts");
const directories: string[] = [];
const log = () => {};

async function place(parent = tmpdir(), ...below: string[]): Promise<string> {
  const directory = await mkdtemp(join(parent, "sallyport-embedded-"));
  directories.push(directory);
  return join(directory, ...below);
}

afterAll(async () => {
  for (const directory of directories) {
    const found = (await readdir(directory, { recursive: true })).find((path) => path.endsWith("postgres.log"));
    const state = join(directory, found ? join(found, "..") : ".");
    if (!(await discardEmbedded(state))) throw new Error(`${state} is still held`);
    spawnSync("rm", ["-rf", directory]);
  }
});

async function ask<T>(embedded: Pick<Embedded, "connection">, query: ReturnType<typeof sql<T>>): Promise<T[]> {
  const database = createDatabase({ ...embedded.connection, role: null, max: 1 });
  try {
    return (await query.execute(database.db)).rows;
  } finally {
    await database.close();
  }
}

interface Program {
  readonly child: ChildProcess;
  readonly lines: Said[];
  said(key: keyof Said): Promise<Required<Said>>;
  kill(): Promise<void>;
}

function program(args: readonly string[], wrap: readonly string[] = []): Program {
  const [file, ...rest] = [...wrap, process.execPath, PROGRAM, ...args];
  const child = spawn(file!, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: Said[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  return {
    child,
    lines,
    async said(key) {
      const found = () => lines.find((line) => key in line);
      const until = Date.now() + 20_000;
      while (!found() && Date.now() < until) await pause(10);
      expect(found(), `"${key}" in ${JSON.stringify(lines.slice(0, 20))}`).toBeDefined();
      return found() as Required<Said>;
    },
    async kill() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await pause(50);
    },
  };
}

const acknowledged = ({ lines }: Program): number[] => lines.flatMap(({ id }) => (typeof id === "number" ? [id] : []));

async function missing(embedded: Embedded, ids: readonly number[]): Promise<number[]> {
  const rows = await ask(embedded, sql<{ id: number }>`select id from written`);
  const present = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !present.has(id));
}

/** False for a zombie that nobody has reaped yet, too. */
const runs = (pid: number): Promise<boolean> =>
  stat(`/proc/${pid}/cwd/`).then(
    () => true,
    () => false,
  );

/** Every process of the cluster at once, as a power cut would. */
async function killCluster(data: string): Promise<void> {
  const { ino } = await stat(data);
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const cwd = await stat(`/proc/${pid}/cwd`).catch(() => null);
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (cwd?.ino === ino && name.trim() === "postgres") process.kill(Number(pid), "SIGKILL");
  }
}

describe("a cluster", () => {
  test("is made with checksums and SCRAM, flushes to disk, keeps its data, is private", async () => {
    const directory = await place();
    const embedded = await startEmbedded({ directory, log });
    expect(embedded.adopted).toBe(false);
    const [row] = await ask(
      embedded,
      sql`select current_setting('fsync') as fsync, current_setting('data_checksums') as checksums,
        current_setting('password_encryption') as password, current_setting('server_encoding') as encoding,
        current_setting('listen_addresses') as tcp, current_database() as database,
        (select datcollate from pg_database where datname = current_database()) as collation,
        (select count(*)::int from pg_hba_file_rules where auth_method <> 'scram-sha-256') as weak,
        (select count(*)::int from pg_collation where collname = 'und-x-icu') as icu`,
    );
    expect(row).toEqual({
      fsync: "on",
      checksums: "on",
      password: "scram-sha-256",
      encoding: "UTF8",
      tcp: "",
      database: "sallyport",
      collation: "C",
      weak: 0,
      icu: 1,
    });
    expect((await stat(`/proc/${embedded.pid}`)).uid).not.toBe(0);
    expect((await stat(join(directory, "cluster/password"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "cluster/data"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "socket"))).mode & 0o777).toBe(0o700);
    const command = await readFile(`/proc/${embedded.pid}/cmdline`, "utf8");
    expect(command).not.toContain(embedded.connection.password);
    await ask(embedded, sql`create table kept as select 'planted-secret' as word`);
    await ask(embedded, sql`create unique index on kept (word)`);
    await expect(ask(embedded, sql`insert into kept values ('planted-secret')`)).rejects.toThrow(/duplicate/);
    const wrong = createDatabase({ ...embedded.connection, password: "wrong" });
    await expect(sql`select 1`.execute(wrong.db)).rejects.toThrow(/password authentication failed/);
    await wrong.close();
    await embedded.stop();
    await embedded.stop();

    const again = await startEmbedded({ directory, log });
    expect(await ask(again, sql`select word from kept`)).toEqual([{ word: "planted-secret" }]);
    await again.stop();
    expect(await readFile(join(directory, "postgres.log"), "utf8")).not.toContain("planted-secret");
    expect(await readdir(directory)).not.toContain("owner.json");
  });

  test("is reached over loopback when its path is too long for a socket", async () => {
    const directory = await place(tmpdir(), "x".repeat(60), "y".repeat(40));
    const embedded = await startEmbedded({ directory, log });
    expect(embedded.connection.host).toBe("127.0.0.1");
    expect(await ask(embedded, sql`select inet_server_addr()::text as at`)).toEqual([{ at: "127.0.0.1/32" }]);
    const joined = await startEmbedded({ directory, log });
    expect([joined.adopted, joined.connection]).toEqual([true, embedded.connection]);
    await embedded.stop();
  });

  test("of another major version is refused", async () => {
    const directory = await place();
    await mkdir(join(directory, "cluster/data"), { recursive: true });
    await writeFile(join(directory, "cluster/data/PG_VERSION"), "17\n");
    await expect(startEmbedded({ directory, log })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("PostgreSQL 17"),
    });
  });

  test("is refused by name where there are no binaries", async () => {
    await expect(findBinaries("linux", "mips")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("--database postgres://"),
    });
  });
});

/** Used by the tests that leave a whole cluster behind them. */
const directory = await place();

describe("a program that is killed", () => {
  test("leaves a postmaster that the next one adopts, with every acknowledged row", async () => {
    const first = program([directory, "write"]);
    const { pid } = await first.said("pid");
    await first.said("id");
    await pause(700);
    await first.kill();
    const ids = acknowledged(first);
    const next = await startEmbedded({ directory, log });
    expect([next.adopted, next.pid]).toEqual([true, pid]);
    expect(ids.length).toBeGreaterThan(50);
    expect(await missing(next, ids)).toEqual([]);
    await next.stop();
    expect(await runs(pid)).toBe(false);
  });

  test("together with its whole cluster loses no acknowledged row", async () => {
    const ids: number[] = [];
    for (let round = 0; round < 2; round++) {
      const writer = program([directory, "write"]);
      await writer.said("id");
      await pause(500);
      await killCluster(join(directory, "cluster/data"));
      await writer.kill();
      ids.push(...acknowledged(writer));
    }
    const next = await startEmbedded({ directory, log });
    expect(next.adopted).toBe(false);
    expect(ids.length).toBeGreaterThan(100);
    expect(await missing(next, ids)).toEqual([]);
    expect(await readFile(join(directory, "postgres.log"), "utf8")).toContain("automatic recovery in progress");
    await next.stop();
  });

  test("while it makes the cluster leaves nothing in the way", async () => {
    const directory = await place();
    const first = program([directory]);
    const half = async () => (await readdir(directory)).some((name) => name.startsWith("cluster.new-"));
    await expect.poll(half, { interval: 5, timeout: 10_000 }).toBe(true);
    await pause(150);
    await first.kill();
    expect(await readdir(directory)).not.toContain("cluster");
    const next = await startEmbedded({ directory, log });
    expect(await half()).toBe(false);
    await next.stop();
  });
});

describe("a postmaster", () => {
  test("that is killed is started again under the running program, which loses no acknowledged row", async () => {
    const told: string[] = [];
    const embedded = await startEmbedded({ directory, log: (message) => told.push(message) });
    const { db, close } = createDatabase({ ...embedded.connection, role: null, max: 4 });
    await sql`create table if not exists written (id bigint primary key)`.execute(db);
    const ids: number[] = [];
    const writing = { on: true };
    const writer = async (lane: number): Promise<void> => {
      for (let n = lane; writing.on; n += 4) {
        await sql`insert into written values (${n})`.execute(db).then(
          () => ids.push(n),
          () => pause(20),
        );
      }
    };
    const writers = Promise.all([0, 1, 2, 3].map(writer));
    await expect.poll(() => ids.length).toBeGreaterThan(100);
    const before = embedded.pid;
    process.kill(before, "SIGKILL");
    await expect.poll(() => embedded.pid, { timeout: 15_000 }).not.toBe(before);
    const then = ids.length;
    await expect.poll(() => ids.length, { timeout: 10_000 }).toBeGreaterThan(then + 50);
    writing.on = false;
    await writers;
    expect(await missing(embedded, ids)).toEqual([]);
    expect(told.join("\n")).toMatch(/has ended; starting it again\nThe database runs again/);
    await close();
    await embedded.stop();
  });

  test("that left its lock file, now naming a stranger's process, does not stand in the way", async () => {
    const first = program([directory, "hold"]);
    await first.said("pid");
    await killCluster(join(directory, "cluster/data"));
    await first.kill();
    const file = join(directory, "cluster/data/postmaster.pid");
    const lines = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, [process.pid, ...lines.slice(1)].join("\n"));
    const next = await startEmbedded({ directory, log });
    expect(next.adopted).toBe(false);
    await next.stop();
  });

  test("is shared by two programs started at once, and stays until its keeper stops it", async () => {
    const both = [program([directory, "hold"]), program([directory, "hold"])];
    const [one, other] = await Promise.all(both.map((each) => each.said("pid")));
    expect(one!.pid).toBe(other!.pid);
    const guest = both[one!.adopted ? 0 : 1]!;
    const keeper = both[one!.adopted ? 1 : 0]!;
    guest.child.stdin!.write("\n");
    await guest.said("stopped");
    expect(await runs(one!.pid)).toBe(true);
    keeper.child.stdin!.write("\n");
    await keeper.said("stopped");
    expect(await runs(one!.pid)).toBe(false);
  });
});

describe.runIf(isRoot)("started as root", () => {
  test("runs as another user although the directory lies under one that only root can pass", async () => {
    const hidden = await place();
    expect((await stat(hidden)).mode & 0o777).toBe(0o700);
    const directory = join(hidden, "data/postgres");
    const first = program([directory, "write"]);
    const { pid } = await first.said("pid");
    expect((await stat(`/proc/${pid}`)).uid).not.toBe(0);
    await first.said("id");
    await pause(200);
    await first.kill();
    expect((await stat(hidden)).mode & 0o777).toBe(0o700);
    const next = await startEmbedded({ directory, log });
    expect([next.adopted, next.pid]).toEqual([true, pid]);
    expect(await missing(next, acknowledged(first))).toEqual([]);
    await next.stop();
  });

  test("without the right to look into other users' processes, as in a container: adopts, recovers, stops", async () => {
    const hidden = await place();
    await chmod(hidden, 0o711);
    const blind = ["setpriv", "--bounding-set=-sys_ptrace,-sys_admin", "--inh-caps=-sys_ptrace,-sys_admin"];
    const first = program([join(hidden, "data"), "write"], blind);
    const { pid } = await first.said("pid");
    await first.said("id");
    await first.kill();
    const second = program([join(hidden, "data"), "write"], blind);
    expect(await second.said("pid")).toMatchObject({ pid, adopted: true });
    await second.said("id");
    await killCluster(join(hidden, "data/cluster/data"));
    await second.kill();
    const third = program([join(hidden, "data"), "hold"], blind);
    expect((await third.said("pid")).adopted).toBe(false);
    const joined = await startEmbedded({ directory: join(hidden, "data"), log });
    expect(await missing(joined, [...acknowledged(first), ...acknowledged(second)])).toEqual([]);
    third.child.stdin!.write("\n");
    await third.said("stopped");
    expect(await runs(joined.pid)).toBe(false);
  });

  test("without the right to mount, says what to do", async () => {
    const hidden = await place();
    const bare = program([join(hidden, "data")], ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]);
    const { fault, message } = await bare.said("fault");
    expect([fault, message]).toEqual([
      "unavailable",
      expect.stringMatching(/ordinary user, or give --data a directory/),
    ]);
    spawnSync("touch", [join(hidden, "data/postgres.log")]);
  });

  test("and later as the same ordinary user that owns it: both work; another user is told whose it is", async () => {
    const hidden = await place();
    await chmod(hidden, 0o711);
    const directory = join(hidden, "data");
    await mkdir(directory);
    await chown(directory, 65534, 65534);
    const as = (uid: number) => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    const ordinary = program([directory], as(65534));
    const { pid } = await ordinary.said("pid");
    expect(pid).toBeTypeOf("number");
    await ordinary.said("stopped");
    const root = await startEmbedded({ directory, log });
    expect((await stat(`/proc/${root.pid}`)).uid).toBe(65534);
    await root.stop();
    const stranger = program([directory], as(65533));
    expect((await stranger.said("fault")).message).toMatch(/belongs to uid 65534/);
  });
});
