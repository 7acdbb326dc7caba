import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { TestProgram } from "../support/program.ts";
import { type Canary, canaryOf } from "./canary.ts";
import { addressOf } from "./gate.ts";

/** The program's own keys, and what was printed once on purpose. */
export async function ownSecrets(program: TestProgram): Promise<{ keys: Canary[]; token: Canary }> {
  const folder = join(program.data, "keys");
  const keys = [canaryOf("the database's password", (await addressOf(program)).password)];
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), "utf8");
    if (name.endsWith(".pub") || text.includes("PUBLIC KEY")) continue;
    const line =
      text
        .split("\n")
        .filter((part) => part.length >= 40 && !part.startsWith("-"))
        .at(-2) ?? text.trim();
    keys.push(canaryOf(`keys/${name}`, line.slice(0, 60)));
  }
  const token = /setup#(\S+)/.exec(program.output())?.[1] ?? "";
  expect(token.length).toBeGreaterThan(20);
  expect(keys.length).toBeGreaterThan(2);
  return { keys, token: canaryOf("the set-up token", token) };
}
