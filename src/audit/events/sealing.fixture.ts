// A sealing process of its own, for the tests that kill it. Arguments: database URL, key directory, checkpoint file.
import { createDatabase } from "../../db/index.ts";
import { createAudit, loadSigningKey } from "./index.ts";

const [url, keys, checkpointFile] = process.argv.slice(2) as [string, string, string];
const database = createDatabase({ url, max: 2 });
const audit = createAudit({
  database,
  now: () => new Date(),
  signingKey: await loadSigningKey(keys),
  checkpointFile,
  log: (message, error) => process.stderr.write(`${message}: ${error}\n`),
});
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.stdout.write("sealing\n");
await audit.startSealing(stop.signal);
await database.close();
