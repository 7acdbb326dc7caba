import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import type { Actor, Delivery, Endpoint } from "../../src/core/index.ts";
import type { FilePiece } from "../../src/platform/files/schema.ts";
import { listMyJobResults, readMyJob } from "../../src/platform/schema.ts";
import type { Door } from "./door.ts";

const PIECE = 256 * 1024;

/** Files going in and out through the door, with a worker that does the imports. */
export function fileStage(door: Door) {
  let working: { stop(): Promise<void> } | undefined;

  async function work(): Promise<void> {
    const kinds = [...door.iam.work.kinds, ...door.assets.work.kinds];
    working = await door.platform.work({ ...door.iam.work, kinds, schedules: [], receiverOf: async () => null });
  }

  async function rest(): Promise<void> {
    await working?.stop();
    working = undefined;
  }

  async function ended(actor: Actor, id: string) {
    for (let turn = 0; turn < 1200; turn++) {
      const job = await door.call(actor, readMyJob, { id });
      if (job.endedAt) return job;
      await pause(50);
    }
    throw new Error("The job did not end");
  }

  return {
    work,
    rest,
    ended,

    async upload(
      actor: Actor,
      endpoint: Endpoint<typeof FilePiece, z.ZodObject<{ fileId: z.ZodUUID }>>,
      bytes: Uint8Array,
    ): Promise<string> {
      const pieces = Math.max(1, Math.ceil(bytes.length / PIECE));
      let fileId: string | undefined;
      for (let number = 0; number < pieces; number++) {
        const content = Buffer.from(bytes.subarray(number * PIECE, (number + 1) * PIECE)).toString("base64");
        const piece = { name: "table", number, pieces, content, ...(fileId && { fileId }) };
        ({ fileId } = await door.call(actor, endpoint, piece));
      }
      return fileId ?? "";
    },

    /** Works the job off and tells its end, with the rows that were refused. */
    async finished(actor: Actor, jobId: string) {
      await work();
      const job = await ended(actor, jobId);
      await rest();
      const { items } = await door.call(actor, listMyJobResults, { id: jobId, limit: 200 });
      return { job, items };
    },

    /** The bytes that a call delivers as a download. */
    async download<I extends z.ZodType, O extends z.ZodType>(
      actor: Actor,
      endpoint: Endpoint<I, O>,
      input: z.input<I>,
    ): Promise<Buffer> {
      let body: AsyncIterable<Uint8Array> | undefined;
      await door.call(actor, endpoint, input, (delivery: Delivery) => {
        if (delivery.kind === "download") body = delivery.body;
      });
      const parts: Uint8Array[] = [];
      for await (const part of body ?? []) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}
