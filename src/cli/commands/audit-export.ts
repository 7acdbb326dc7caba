import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportLines, withTrail } from "../../audit/index.ts";
import { Fault } from "../../core/index.ts";
import { type Command, EXIT, textOf, usageOf } from "../command.ts";
import { withDatabase } from "../database.ts";

export const auditExport: Command = {
  name: "audit export",
  usage: "--out FILE",
  summary: "write the whole audit trail with its chain and checkpoints as JSON lines",
  details: ["--out FILE           made with mode 0600; a file that is there is not replaced"],
  options: { out: { type: "string" } },
  operands: 0,
  async run(call) {
    const out = textOf(call, "out");
    if (!out) throw new Fault("invalid", `Name the file to write.\nUsage: ${usageOf(auditExport)}`);
    const lines = await write(out, (file) =>
      withDatabase(call, (database) =>
        withTrail(database, async (items) => {
          let count = 0;
          async function* counted() {
            for await (const line of exportLines(items)) {
              count += 1;
              yield line;
            }
          }
          await pipeline(Readable.from(counted(), { objectMode: true }), file.createWriteStream({ flush: true }), {
            signal: call.signal,
          });
          return count;
        }),
      ),
    );
    call.remark(`${out}: ${lines} lines. Check it with: sallyport audit verify --file ${out} --public-key audit.pub`);
    return EXIT.good;
  },
};

/** Writes beside the place and renames, so that a file of that name is whole. */
async function write<T>(path: string, work: (file: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const place = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "EEXIST" ? "it is there already" : error.code;
    throw new Fault("unavailable", `${path} cannot be written: ${reason}.`, undefined, error);
  });
  await place.close();
  const draft = `${path}.part`;
  try {
    const result = await work(await open(draft, "w", 0o600));
    await rename(draft, path);
    return result;
  } catch (error) {
    await Promise.all([draft, path].map((left) => rm(left, { force: true })));
    throw error;
  }
}
