/**
 * A process that works for the platform on the database of argv[2], until it is killed: jobs of the kinds below, each of
 * which hangs after its second step where argv[3] is "hang", and the outbox with the templates below.
 */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { createAudit } from "../audit/index.ts";
import { plain } from "../core/index.ts";
import { createDatabase, createRuntime, createSealer } from "../db/index.ts";
import { type AnyJobKind, createPlatform, jobKind, mailTemplate } from "./index.ts";

export const STEPS = 5;

/** One kind for each thing that may happen after a crash. */
export const kinds = (hangs: boolean): AnyJobKind[] =>
  (["resume", "restart", "fail"] as const).map((afterCrash) =>
    jobKind({
      key: afterCrash,
      title: afterCrash,
      permission: null,
      input: z.object({}),
      afterCrash,
      async run({ from, step, signal }) {
        for (let n = from.done + 1; n <= STEPS; n++) {
          await step(async () => ({
            place: { done: n, total: STEPS },
            results: [{ outcome: "ok", subject: `${afterCrash}-${n}`, message: `by ${process.pid}` }],
          }));
          if (hangs && n === 2) await pause(600_000, undefined, { signal });
        }
      },
    }),
  );

export const greeting = mailTemplate({
  key: "greeting",
  values: z.object({ name: plain(z.string()) }),
  render: ({ name }) => ({ subject: "Hello", paragraphs: [name] }),
});

const [, , url, how] = process.argv;
if (url?.startsWith("postgres")) {
  const database = createDatabase({ url, max: 5 });
  const log = (message: string, error?: unknown): void => void process.stderr.write(`${message} ${String(error)}\n`);
  const audit = createAudit({ database, now: () => new Date(), signingKey: null, checkpointFile: "", log });
  const runtime = createRuntime({ database, now: () => new Date(), record: audit.record });
  const sealer = createSealer({ masterKeys: { current: Buffer.alloc(32, 7) } });
  const platform = createPlatform({ database, runtime, sealer, settings: [], say: log });
  const receiverOf = async (): Promise<null> => null;
  await platform.work({ kinds: kinds(how === "hang"), schedules: [], templates: [greeting], receiverOf });
  process.stdout.write("works\n");
}
