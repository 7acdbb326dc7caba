import { createHmac } from "node:crypto";
import { Client } from "pg";
import { Fault } from "../core/index.ts";
import { clientConfig, type DatabaseAddress } from "./address.ts";
import { APP_ROLE } from "./connection.ts";

/** The embedded cluster's login role of the program: it may become `sallyport_app`, and is nothing by itself. */
const PROGRAM_ROLE = "sallyport_program";

/**
 * Makes the program's login role in an embedded cluster, once it is migrated, and returns the address to sign in with. Its
 * password follows from the owner's and so stays the same: processes of a program that was killed may still use it.
 */
export async function makeProgramLogin(
  owner: Extract<DatabaseAddress, { password: string }>,
): Promise<DatabaseAddress> {
  const password = createHmac("sha256", owner.password).update(PROGRAM_ROLE).digest("base64url");
  await withClient(owner, async (client) => {
    const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [PROGRAM_ROLE]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${PROGRAM_ROLE}`);
    await client.query(
      `ALTER ROLE ${PROGRAM_ROLE} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${password}'`,
    );
    await client.query(`GRANT ${APP_ROLE} TO ${PROGRAM_ROLE} WITH INHERIT FALSE, SET TRUE`);
  });
  return { ...owner, user: PROGRAM_ROLE, password };
}

/**
 * Lets the user of `program`, on a server of somebody else's, become `sallyport_app`; the owner grants it where it may.
 * Fault `unavailable`, with the statement to run, when the user still cannot. Returns whether that user owns the tables or
 * is a superuser, and so could do more than the program should.
 */
export async function admitProgramLogin(deps: {
  readonly owner: DatabaseAddress | null;
  readonly program: DatabaseAddress;
}): Promise<{ readonly mighty: boolean }> {
  const { owner, program } = deps;
  const user = await withClient(program, async (client) => {
    const { rows } = await client.query<{ name: string }>("SELECT quote_ident(current_user) AS name");
    return rows[0]!.name;
  });
  const grant = `GRANT ${APP_ROLE} TO ${user}`;
  // It may be granted already, or by somebody else: what counts is asked below.
  if (owner) await withClient(owner, (client) => client.query(grant)).catch(() => {});
  return withClient(program, async (client) => {
    await client.query(`SET ROLE ${APP_ROLE}`).catch((cause: unknown) => {
      throw new Fault(
        "unavailable",
        `The user ${user} of --database may not work as ${APP_ROLE}. As the database's owner run: ${grant};`,
        undefined,
        cause,
      );
    });
    await client.query("SET ROLE NONE");
    const { rows } = await client.query<{ mighty: boolean }>(
      `SELECT rolsuper OR EXISTS (SELECT FROM pg_class WHERE relname = 'audit_event' AND pg_has_role(relowner, 'MEMBER')) AS mighty
       FROM pg_roles WHERE rolname = current_user`,
    );
    return { mighty: rows[0]?.mighty ?? true };
  });
}

async function withClient<T>(address: DatabaseAddress, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(clientConfig(address, { statement_timeout: 30_000 }));
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
