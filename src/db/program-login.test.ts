import { sql } from "kysely";
import { afterAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { Fault } from "../core/index.ts";
import { admitProgramLogin, createDatabase, type Database, makeProgramLogin, notify } from "./index.ts";

const { url, close } = await testDatabase();
const LESSER = `lesser_${process.pid}`;
const open: Database[] = [];
function connect(options: Parameters<typeof createDatabase>[0]): Database {
  const database = createDatabase({ ...options, max: 1 });
  open.push(database);
  return database;
}
const owner = connect({ url, role: null });
afterAll(async () => {
  await sql.raw(`drop role if exists ${LESSER}`).execute(owner.db);
  await Promise.all(open.map((database) => database.close()));
  await close();
});

function parts() {
  const { hostname, port, pathname, username, password } = new URL(url);
  const [host = "", database = "", user = "", secret = ""] = [hostname, pathname.slice(1), username, password].map(
    decodeURIComponent,
  );
  return { host, port: Number(port), database, user, password: secret };
}

const userOf = async ({ db }: Database) =>
  (await sql<{ session: string; role: string }>`select session_user as session, current_user as role`.execute(db))
    .rows[0];

test("the program's login works as the lesser role, and is nothing by itself", async () => {
  const address = await makeProgramLogin(parts());
  expect(await makeProgramLogin(parts())).toEqual(address);
  expect(JSON.stringify(address)).not.toContain(parts().password);
  const program = connect(address);
  expect(await userOf(program)).toEqual({ session: "sallyport_program", role: "sallyport_app" });
  await sql`select count(*) from audit_event`.execute(program.db);
  await sql`set role none`.execute(program.db);
  expect(await userOf(program)).toEqual({ session: "sallyport_program", role: "sallyport_program" });
  for (const text of [
    "select count(*) from audit_event",
    "delete from audit_event",
    "alter table audit_event disable trigger all",
    "create table mine (a int)",
    "set role sallyport",
    "create role mine",
    "alter role sallyport_program superuser",
    "copy (select 1) to program 'cat'",
    "select pg_read_file('/etc/passwd')",
  ])
    await expect(sql.raw(text).execute(program.db)).rejects.toThrow(/permission denied|must be|Only roles/i);
  await sql`reset role`.execute(program.db);
  expect((await userOf(program))?.role).toBe("sallyport_app");
});

test("the program's login hears signals", async () => {
  const program = connect(await makeProgramLogin(parts()));
  const heard = Promise.withResolvers<unknown>();
  const listening = await program.listen(["word"], { notified: (_channel, payload) => heard.resolve(payload) });
  await notify(program.db, "word", { a: 1 });
  expect(await heard.promise).toEqual({ a: 1 });
  await listening.close();
});

test("on somebody else's server the owner lets the lesser user in; without that it is refused in words", async () => {
  await sql.raw(`create role ${LESSER} login password 'lesser'`).execute(owner.db);
  const program = { ...parts(), user: LESSER, password: "lesser" };
  const fault = await admitProgramLogin({ owner: null, program }).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(Fault);
  expect((fault as Fault).message).toContain(`GRANT sallyport_app TO ${LESSER}`);
  expect(await admitProgramLogin({ owner: { url }, program })).toEqual({ mighty: false });
  expect((await userOf(connect(program)))?.role).toBe("sallyport_app");
  expect(await admitProgramLogin({ owner: null, program: { url } })).toEqual({ mighty: true });
});
