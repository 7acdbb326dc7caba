import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../core/index.ts";
import { createDatabase, type Database, type DatabaseAddress } from "../db/index.ts";
import { claim, startEmbedded } from "../db/index.ts";
import { dataPaths } from "../processes/data.ts";
import type { Call } from "./command.ts";

/**
 * Works with the installation's database: the server that was named, or the embedded one, which is started for the
 * time of the work unless the program runs. Fault `unavailable` when there is none; nothing is made or migrated.
 */
export async function withDatabase<T>(call: Call, work: (database: Database) => Promise<T>): Promise<T> {
  const { data, database } = call.config;
  if (database !== null) return on({ url: database }, work);
  const directory = dataPaths(data).database;
  if (!(await stat(join(directory, "cluster")).catch(() => null))) {
    throw new Fault(
      "unavailable",
      `There is no database in ${data}. Name the data directory (--data) or a server (--database URL).`,
    );
  }
  // While this holds the data directory the program does not start, and so never loses a database that ends here.
  const held = await claim(dataPaths(data).claim);
  try {
    const embedded = await startEmbedded({ directory, log: () => {}, signal: call.signal });
    try {
      return await on(embedded.connection, work);
    } finally {
      await embedded.stop();
    }
  } finally {
    await held?.release();
  }
}

async function on<T>(address: DatabaseAddress, work: (database: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ ...address, max: 2 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
