import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lockIsHeld, lockText, takeLock } from "./spool.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "recording-lock-"));
});
afterAll(() => rm(directory, { recursive: true }));

it("holds a lock while its process lives, and only that process", async () => {
  const path = join(directory, "lock");
  expect(takeLock(path)).toBe(true);
  expect(takeLock(path)).toBe(false);
  const mine = JSON.parse(lockText());
  for (const other of [{ started: "1" }, { boot: "another" }, { pid: 2 ** 22 + 1 }]) {
    await writeFile(path, JSON.stringify({ ...mine, ...other }));
    expect(lockIsHeld(path)).toBe(false);
    expect(takeLock(path)).toBe(true);
    expect(await readFile(path, "utf8")).toBe(lockText());
  }
  for (const text of ["", "{", "[]", '{"pid":-1}']) {
    await writeFile(path, text);
    expect(lockIsHeld(path)).toBe(false);
  }
  expect(lockIsHeld(join(directory, "none"))).toBe(false);
});

it("does not take a dead process that nobody has waited for as living", async () => {
  // The shell becomes a sleep that never waits for its child, which ends at once and stays a zombie.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
  const [pid] = await once(parent.stdout, "data");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const stat = await readFile(`/proc/${Number(pid)}/stat`, "utf8");
  expect(stat).toContain(" Z ");
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const path = join(directory, "zombie");
  await writeFile(path, JSON.stringify({ ...JSON.parse(lockText()), pid: Number(pid), started }));
  expect(lockIsHeld(path)).toBe(false);
  parent.kill("SIGKILL");
  await once(parent, "exit");
});
