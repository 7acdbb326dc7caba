import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { Fault } from "../core/index.ts";
import { clientConfig, type DatabaseAddress } from "./address.ts";
import { APP_ROLE } from "./connection.ts";

/** What `migrate` did. */
export interface Migrated {
  /** The numbers applied by this call. */
  readonly applied: readonly number[];
  /** The number the database stands at; 0 when there is no migration yet. */
  readonly version: number;
}

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
}

const DIRECTORY = join(import.meta.dirname, "../../migrations");
const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const OLDEST_SERVER = 15;
const LOCK = 5_317_411_203;
const LOCK_WAIT_MS = 300_000;

/**
 * Brings a database up to the newest migration: in order, each in its own transaction, one process at a time. The
 * address must sign in as the owner of the database. Fault `unavailable` when it cannot, when the server is older than PostgreSQL 15,
 * when an applied migration was changed or is unknown to this program, or when the group role cannot be made.
 */
export async function migrate(options: {
  readonly address: DatabaseAddress;
  readonly directory?: string;
  readonly log?: (message: string) => void;
}): Promise<Migrated> {
  const migrations = await readMigrations(options.directory ?? DIRECTORY);
  const client = new Client(clientConfig(options.address, { lock_timeout: LOCK_WAIT_MS }));
  client.on("error", () => {});
  await client.connect().catch((cause) => {
    throw unreachable(cause);
  });
  try {
    refuseOldServer(await serverMajor(client));
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await ensureAppRole(client);
    await ensureLedger(client);
    const pending = compare(migrations, await readLedger(client));
    for (const migration of pending) {
      await apply(client, migration);
      options.log?.(`Applied migration ${migration.name}`);
    }
    return { applied: pending.map(({ number }) => number), version: migrations.at(-1)?.number ?? 0 };
  } finally {
    await client.end().catch(() => {});
  }
}

function unreachable(cause: unknown): Fault {
  const reasons = cause instanceof AggregateError ? cause.errors : [cause];
  const reason = reasons.map((error) => (error instanceof Error ? error.message : String(error))).join("; ");
  const message = `The database cannot be used: ${reason}. Check that the server runs and that --database is right.`;
  return new Fault("unavailable", message, undefined, cause);
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  const migrations = await Promise.all(
    names.map(async (file): Promise<Migration> => {
      const number = Number(FILE.exec(file)?.[1] ?? Number.NaN);
      if (!Number.isInteger(number)) throw new Error(`${file} is not named like 0001_what_it_does.sql`);
      const text = await readFile(join(directory, file), "utf8");
      const sha256 = createHash("sha256").update(text).digest("hex");
      return { number, name: file.slice(0, -".sql".length), text, sha256 };
    }),
  );
  const numbers = new Set(migrations.map(({ number }) => number));
  if (numbers.size !== migrations.length) throw new Error("Two migrations share a number");
  return migrations;
}

/** Fault `unavailable` for a major version that lacks what the migrations use. */
export function refuseOldServer(major: number): void {
  if (major >= OLDEST_SERVER) return;
  throw new Fault(
    "unavailable",
    `The database server is PostgreSQL ${major}; version ${OLDEST_SERVER} or newer is needed. Upgrade the server.`,
  );
}

async function serverMajor(client: Client): Promise<number> {
  const { rows } = await client.query<{ number: string }>("SELECT current_setting('server_version_num') AS number");
  return Math.floor(Number(rows[0]!.number) / 10_000);
}

/** SQLSTATEs of a role made by somebody else at the same moment. */
const RACES = new Set(["42710", "23505", "XX000"]);
const INSUFFICIENT_PRIVILEGE = "42501";

async function ensureAppRole(client: Client): Promise<void> {
  try {
    if (await hasAppRole(client)) return;
    await tolerate(RACES, client.query(`CREATE ROLE ${APP_ROLE} NOLOGIN`));
    await tolerate(RACES, client.query(`GRANT ${APP_ROLE} TO CURRENT_USER`));
    if (await hasAppRole(client)) return;
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
  }
  throw new Fault(
    "unavailable",
    `The database user lacks the role ${APP_ROLE} and may not create it. As a superuser run: ` +
      `CREATE ROLE ${APP_ROLE} NOLOGIN; GRANT ${APP_ROLE} TO <the database user>;`,
  );
}

async function hasAppRole(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ usable: boolean }>(
    `SELECT pg_has_role(current_user, oid, CASE WHEN $2::int >= 16 THEN 'SET' ELSE 'MEMBER' END) AS usable
     FROM pg_roles WHERE rolname = $1`,
    [APP_ROLE, await serverMajor(client)],
  );
  return rows[0]?.usable ?? false;
}

async function tolerate(states: ReadonlySet<string>, query: Promise<unknown>): Promise<void> {
  await query.catch((error) => {
    if (!states.has(sqlState(error) ?? "")) throw error;
  });
}

const sqlState = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

async function ensureLedger(client: Client): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS schema_migration (
      number int CONSTRAINT one_row_per_migration PRIMARY KEY,
      name text NOT NULL,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
  await client.query(`GRANT SELECT ON schema_migration TO ${APP_ROLE}`);
}

async function readLedger(client: Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>("SELECT number, name, sha256 FROM schema_migration ORDER BY number");
  return rows;
}

/** The migrations still to be applied, after every refusal. */
function compare(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const { number, name, sha256 } of applied) {
    const migration = known.get(number);
    if (!migration) {
      throw new Fault(
        "unavailable",
        `The database was migrated by a newer program (${name} is unknown here). Start that version or a later one.`,
      );
    }
    if (migration.sha256 !== sha256) {
      throw new Fault(
        "unavailable",
        `The migration ${name} differs from the one this database was built with. Restore the file; changes go into a new migration.`,
      );
    }
  }
  const newest = applied.at(-1)?.number ?? 0;
  const done = new Set(applied.map(({ number }) => number));
  const pending = migrations.filter(({ number }) => !done.has(number));
  const late = pending.find(({ number }) => number < newest);
  if (!late) return pending;
  throw new Fault(
    "unavailable",
    `The migration ${late.name} comes before one that is applied. Give it the next number.`,
  );
}

async function apply(client: Client, { number, name, text, sha256 }: Migration): Promise<void> {
  try {
    await client.query("BEGIN");
    const before = await transactionId(client);
    await client.query(text);
    if ((await transactionId(client)) !== before) throw new Error("it ends the transaction it runs in");
    await client.query("INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)", [
      number,
      name,
      sha256,
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault("unavailable", `The migration ${name} failed: ${reason}`, { migration: name }, error);
  }
}

async function transactionId(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>("SELECT pg_current_xact_id()::text AS id");
  return rows[0]!.id;
}
