import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createLog, createRotatingFile } from "./log.ts";

let directory: string;
afterEach(() => rm(directory, { recursive: true, force: true }));
const fresh = async () => (directory = await mkdtemp(join(tmpdir(), "sallyport-log-")));

it("moves a full file aside and keeps a bounded number", async () => {
  const path = join(await fresh(), "a.log");
  const file = createRotatingFile(path, 100, 2);
  for (let n = 0; n < 40; n++) file.write(`line ${n} ${"x".repeat(20)}\n`);
  expect((await readdir(directory)).sort()).toEqual(["a.log", "a.log.1", "a.log.2"]);
  const all = await Promise.all(["a.log.2", "a.log.1", "a.log"].map((name) => readFile(join(directory, name), "utf8")));
  expect(all.join("").trim().split("\n").at(-1)).toMatch(/^line 39 /);
  for (const text of all) expect(text.length).toBeLessThan(130);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it("goes on in the file that is there", async () => {
  const path = join(await fresh(), "a.log");
  createRotatingFile(path, 100, 2).write("one\n");
  createRotatingFile(path, 100, 2).write("two\n");
  expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
});

it("writes neither secrets nor the rows that the database quotes", async () => {
  await fresh();
  const log = createLog({ name: "x", level: "info", format: "files", directory });
  log.info({ password: "s1", deep: { token: "s2", cookie: "s3" } }, "hello");
  log.error({ err: Object.assign(new Error("no"), { detail: "Key (name)=(s4)", where: "s5" }) }, "failed");
  const text = await readFile(join(directory, "x.log"), "utf8");
  expect(text).toContain("hello");
  expect(text).toContain('"message":"no"');
  expect(text).not.toMatch(/s[1-5]"|\(s4\)/);
});
