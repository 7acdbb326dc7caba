import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { disk } from "./disk.ts";
import { readObject, type Store, stores } from "./index.ts";

const made: string[] = [];
const freshDirectory = async () => {
  const path = await mkdtemp(join(tmpdir(), "store-"));
  made.push(path);
  return path;
};
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))));

/** How the test comes to an empty store of each kind. */
const empty: Record<string, () => Promise<Store>> = {
  disk: async () => disk.create(disk.settings.parse({ directory: join(await freshDirectory(), "new", "store") })),
};

const listed = async (store: Store, prefix: string) => {
  const found: string[] = [];
  for await (const { key, size } of store.list(prefix)) found.push(`${key}:${size}`);
  return found;
};

describe.each(stores.list().map(({ kind }) => kind))("the %s store", (kind) => {
  let store: Store;
  beforeEach(async () => {
    store = await empty[kind]!();
  });

  it("gives back what was written, whole and in ranges", async () => {
    const bytes = randomBytes(700_001);
    await store.write("a/b/c.seg", bytes);
    expect(await store.size("a/b/c.seg")).toBe(bytes.length);
    expect((await readObject(store, "a/b/c.seg", 1e6)).equals(bytes)).toBe(true);
    expect(
      (await readObject(store, "a/b/c.seg", 1e6, { start: 5, end: 300_000 })).equals(bytes.subarray(5, 300_000)),
    ).toBe(true);
    expect(
      (await readObject(store, "a/b/c.seg", 1e6, { start: 700_000, end: 800_000 })).equals(bytes.subarray(700_000)),
    ).toBe(true);
    await expect(readObject(store, "a/b/c.seg", 1000)).rejects.toMatchObject({ code: "too_large" });
  });

  it("takes a stream and an empty object, and replaces", async () => {
    await store.write(
      "x",
      (async function* () {
        yield Buffer.from("one ");
        yield Buffer.from("two");
      })(),
    );
    expect(String(await readObject(store, "x", 100))).toBe("one two");
    await store.write("x", Buffer.alloc(0));
    expect(await store.size("x")).toBe(0);
    expect(await readObject(store, "x", 100)).toHaveLength(0);
  });

  it("keeps the old object when a write fails or is aborted", async () => {
    await store.write("x", Buffer.from("old"));
    await expect(
      store.write(
        "x",
        (async function* () {
          yield Buffer.from("new");
          throw new Error("source broke");
        })(),
      ),
    ).rejects.toThrow("source broke");
    await expect(store.write("x", Buffer.from("new"), AbortSignal.abort())).rejects.toThrow();
    expect(String(await readObject(store, "x", 100))).toBe("old");
    expect(await listed(store, "")).toEqual(["x:3"]);
  });

  it("lists by prefix in order and removes", async () => {
    for (const key of ["r/2/b", "r/10/a", "r/2/a", "rest", "r-x"]) await store.write(key, Buffer.from(key));
    expect(await listed(store, "r/")).toEqual(["r/10/a:6", "r/2/a:5", "r/2/b:5"]);
    expect(await listed(store, "r/2")).toEqual(["r/2/a:5", "r/2/b:5"]);
    expect(await listed(store, "none/")).toEqual([]);
    await store.remove("r/2/a");
    await store.remove("r/2/a");
    expect(await store.size("r/2/a")).toBeNull();
    await expect(readObject(store, "r/2/a", 10)).rejects.toMatchObject({ code: "not_found" });
    expect(await listed(store, "r/2/")).toEqual(["r/2/b:5"]);
  });

  it.each(["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a\\b", "a\0b", "ä", "a".repeat(600)])(
    "refuses the key %j",
    async (key) => {
      await expect(store.write(key, Buffer.from("x"))).rejects.toMatchObject({ code: "invalid" });
      await expect(readObject(store, key, 10)).rejects.toMatchObject({ code: "invalid" });
      await expect(store.size(key)).rejects.toMatchObject({ code: "invalid" });
      await expect(store.remove(key)).rejects.toMatchObject({ code: "invalid" });
    },
  );

  it("writes and removes side by side", async () => {
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        await store.write(`p/${n % 4}/k${n}`, Buffer.from(String(n)));
        if (n % 2) await store.remove(`p/${n % 4}/k${n}`);
      }),
    );
    expect(await listed(store, "p/")).toHaveLength(20);
  });

  it("checks itself and leaves nothing behind", async () => {
    await store.check();
    expect(await listed(store, "")).toEqual([]);
  });
});

describe("the disk store's files", () => {
  it("are only the owner's", async () => {
    const directory = join(await freshDirectory(), "s");
    const store = disk.create({ directory });
    await store.write("a/b", Buffer.from("x"));
    for (const [path, mode] of [
      ["", 0o700],
      ["a", 0o700],
      ["a/b", 0o600],
    ] as const) {
      expect((await stat(join(directory, path))).mode & 0o777).toBe(mode);
    }
    expect(await readdir(join(directory, ".tmp"))).toEqual([]);
  });

  it("say so when the directory cannot be used", async () => {
    await expect(disk.create({ directory: join("/dev/null", "below") }).check()).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(disk.settings.safeParse({ directory: "relative" }).success).toBe(false);
  });
});
