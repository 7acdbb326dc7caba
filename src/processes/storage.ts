import { sql } from "kysely";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { Fault } from "../core/index.ts";
import {
  admitProgramLogin,
  createDatabase,
  type DatabaseAddress,
  type Embedded,
  loadMasterKey,
  makeProgramLogin,
  migrate,
  startEmbedded,
} from "../db/index.ts";
import { dataPaths } from "./data.ts";

const OLDEST_SERVER = 15;

export interface Storage {
  /** For the program's processes; not the owner's. */
  readonly address: DatabaseAddress;
  /** Base64. */
  readonly masterKey: string;
  /** Null when the database is a server of somebody else's. */
  readonly embedded: Embedded | null;
}

/** Fault `unavailable` unless the server of the option answers and is new enough; changes nothing. */
export async function inspectServer(option: string, url: string): Promise<void> {
  const major = await ask(
    { url },
    sql<{ answer: number }>`select current_setting('server_version_num')::int / 10000 as answer`,
    option,
  );
  if (major >= OLDEST_SERVER) return;
  throw new Fault(
    "unavailable",
    `The database server is PostgreSQL ${major}; version ${OLDEST_SERVER} or newer is needed. Upgrade the server.`,
  );
}

/**
 * Starts the embedded database or uses the given one, makes the master key if the database is new, and migrates.
 * Fault `unavailable` for what a person must see to; the database is stopped again then.
 */
export async function openStorage(deps: {
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<Storage> {
  const { config, log, signal } = deps;
  const say = (message: string): void => log.info(message);
  const directory = dataPaths(config.data).database;
  const embedded = config.database ? null : await startEmbedded({ directory, log: say, signal });
  const owner: DatabaseAddress = embedded?.connection ?? { url: config.databaseOwner ?? config.database! };
  try {
    const isNew = await ask(owner, sql<{ answer: boolean }>`select to_regclass('schema_migration') is null as answer`);
    const source = config.masterKey ? { value: config.masterKey } : { file: config.masterKeyFile, create: isNew };
    const masterKey = (await loadMasterKey(source)).toString("base64");
    await migrate({ address: owner, log: say });
    const address = embedded ? await makeProgramLogin(embedded.connection) : await programOnServer(config, log);
    return { address, masterKey, embedded };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function programOnServer({ database, databaseOwner }: Config, log: Logger): Promise<DatabaseAddress> {
  const program = { url: database! };
  const { mighty } = await admitProgramLogin({ owner: databaseOwner ? { url: databaseOwner } : null, program });
  if (mighty)
    log.warn(
      "the program signs in to the database as its owner; name a lesser user, and the owner with --database-owner",
    );
  return program;
}

async function ask<T>(
  address: DatabaseAddress,
  query: ReturnType<typeof sql<{ answer: T }>>,
  option = "--database",
): Promise<T> {
  const database = createDatabase({ ...address, role: null, max: 1 });
  try {
    return (await query.execute(database.db)).rows[0]!.answer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Fault(
      "unavailable",
      `The database does not let us in: ${message || code || "no answer"}. Check ${option}.`,
    );
  } finally {
    await database.close();
  }
}
