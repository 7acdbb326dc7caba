import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const NOBODY = 65_534;
const SCRIPT = `
  import { getPriority, setPriority } from "node:os";
  import { createStepBack } from ${JSON.stringify(new URL("step-back.ts", import.meta.url).href)};
  if (process.env.AS) process.setuid(Number(process.env.AS));
  const stepBack = createStepBack();
  const seen = [];
  for (const rate of [0, 19_000_000, 400_000_000, 400_000_000, 1000]) {
    stepBack(rate);
    seen.push(getPriority());
  }
  console.log(JSON.stringify(seen));`;

async function priorities(env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", SCRIPT], { env });
  return JSON.parse(stdout);
}

it.runIf(process.getuid?.() === 0)("gives way while it moves bulk, and comes back", async () => {
  expect(await priorities({})).toEqual([0, 0, 10, 10, 0]);
});

it.runIf(process.getuid?.() === 0)("stays where it is if it could not come back", async () => {
  expect(await priorities({ AS: String(NOBODY) })).toEqual([0, 0, 0, 0, 0]);
});
