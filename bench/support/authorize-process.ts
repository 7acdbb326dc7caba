import { once } from "node:events";
import { createDatabase, type DatabaseAddress } from "../../src/db/index.ts";
import type { Size } from "../../test/support/authorization-data.ts";
import { measure } from "./authorize-measure.ts";

/** What is measured runs in a process of its own, with the memory that the product gives the one that answers people. */
const [asked] = (await once(process, "message")) as [{ connection: DatabaseAddress; directory: string; size: Size }];
const { connection, directory, size } = asked;
const database = createDatabase({ ...connection, max: 6 });
try {
  process.send?.({ figures: await measure({ database, directory, size }) });
} catch (error) {
  process.send?.({ error: String(error) });
} finally {
  await database.close();
  process.disconnect();
}
