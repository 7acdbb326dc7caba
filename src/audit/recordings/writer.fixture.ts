import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { createRecordingWriter } from "./index.ts";
import { header, wrap } from "./test-support.ts";

// Records without end, telling of each chunk as soon as output() has returned; the test kills it.
const writer = await createRecordingWriter({
  directory: process.argv[2]!,
  id: randomUUID(),
  header: header(),
  wrap,
  partBytes: 200_000,
});
writeSync(1, `${writer.id}\n`);
for (let n = 0; ; n++) {
  writer.output(0, Buffer.from(String(n).padStart(12, "0") + "x".repeat(n % 300)));
  writeSync(1, `${n}\n`);
}
