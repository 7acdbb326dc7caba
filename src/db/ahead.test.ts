import { CompiledQuery, sql } from "kysely";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../test/support/database.ts";
import { type Actor, endpoint, Name, newId, run } from "../core/index.ts";
import { createDatabase, createRuntime, type Db, sendAhead, serve } from "./index.ts";

const { database, url, close } = await testDatabase();
const owner = createDatabase({ url, role: null });
afterAll(async () => {
  await owner.close();
  await close();
});

await sql`create table trace (id uuid primary key, what text not null,
  constraint words check (what <> ''), constraint late unique (what) deferrable initially deferred)`.execute(owner.db);
await sql`grant select, insert on trace to sallyport_app`.execute(owner.db);

const insert = (what: string, id: string = newId()): CompiledQuery => ({
  ...CompiledQuery.raw("", [id, what]),
  sql: { name: "trace-insert", text: "insert into trace (id, what) values ($1, $2)" } as unknown as string,
});
const addOrganization = (db: Db, name: string): Promise<unknown> =>
  db.insertInto("organization").values({ id: newId(), name }).execute();
const organizations = async (name: string): Promise<number> =>
  (await database.db.selectFrom("organization").select("id").where("name", "=", name).execute()).length;
const traces = async (what: string): Promise<number> =>
  (await sql`select from trace where what = ${what}`.execute(database.db)).rows.length;

describe("a statement sent ahead of the commit", () => {
  test("is committed with the change", async () => {
    await database.transaction(async (tx) => {
      await addOrganization(tx, "good");
      await sendAhead(tx, insert("good"));
      expect(await traces("good")).toBe(0);
    });
    expect([await organizations("good"), await traces("good")]).toEqual([1, 1]);
  });

  test("comes before the statements that follow it", async () => {
    const found = await database.transaction(async (tx) => {
      await sendAhead(tx, insert("first"));
      await sendAhead(tx, insert("second"));
      const { rows } = await sql<{ what: string }>`select what from trace where what in ('first', 'second')`.execute(
        tx,
      );
      await sendAhead(tx, insert("third"));
      return rows.length;
    });
    expect([found, await traces("third")]).toEqual([2, 1]);
  });

  test("takes the change back when one of several fails, wherever it stands", async () => {
    for (const all of [
      ["", "several"],
      ["several", ""],
      ["several", "", "several more"],
    ]) {
      const done = database.transaction(async (tx) => {
        await addOrganization(tx, "several");
        for (const what of all) await sendAhead(tx, insert(what));
      });
      await expect(done).rejects.toMatchObject({ code: "23514", constraint: "words" });
      expect([await organizations("several"), await traces("several")]).toEqual([0, 0]);
    }
  });

  test("is heard with the commit as one answer", async () => {
    const client = await database.pool.connect();
    let ready = 0;
    (client as unknown as { connection: NodeJS.EventEmitter }).connection.on("readyForQuery", () => (ready += 1));
    const others = await Promise.all(
      Array.from({ length: database.pool.options.max - 1 }, () => database.pool.connect()),
    );
    client.release();
    await database.transaction((tx) => sendAhead(tx, insert("one answer")));
    for (const other of others) other.release();
    expect([ready, await traces("one answer")]).toEqual([2, 1]);
  });

  test("takes the change back when it fails, and its own error is thrown", async () => {
    for (const name of ["bad 1", "bad 2"]) {
      const done = database.transaction(async (tx) => {
        await addOrganization(tx, name);
        await sendAhead(tx, insert(""));
        return "acknowledged";
      });
      await expect(done).rejects.toMatchObject({ code: "23514", constraint: "words" });
      expect(await organizations(name)).toBe(0);
    }
  });

  test("takes the change back when only the commit finds it wrong", async () => {
    await sendAhead(database.db, insert("twice"));
    const done = database.transaction(async (tx) => {
      await addOrganization(tx, "too late");
      await sendAhead(tx, insert("twice"));
    });
    await expect(done).rejects.toMatchObject({ code: "23505", constraint: "late" });
    expect([await organizations("too late"), await traces("twice")]).toEqual([0, 1]);
  });

  test("goes with a rollback when the work fails after it, whether or not it would have failed", async () => {
    for (const what of ["undone", ""]) {
      const done = database.transaction(async (tx) => {
        await addOrganization(tx, "undone");
        await sendAhead(tx, insert(what));
        throw new Error("The work failed");
      });
      await expect(done).rejects.toThrow("The work failed");
    }
    expect([await organizations("undone"), await traces("undone")]).toEqual([0, 0]);
  });

  test("is no acknowledgement when the connection is cut", async () => {
    const done = database.transaction(async (tx) => {
      await addOrganization(tx, "cut");
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`.execute(owner.db);
      await sendAhead(tx, insert("cut"));
    });
    await expect(done).rejects.toThrow();
    expect([await organizations("cut"), await traces("cut")]).toEqual([0, 0]);
  });

  test("waits for its answer outside a transaction", async () => {
    await sendAhead(database.db, insert("alone"));
    expect(await traces("alone")).toBe(1);
    await expect(sendAhead(database.db, insert(""))).rejects.toMatchObject({ constraint: "words" });
  });

  test("leaves its connections usable, also for many at once", async () => {
    const tries = Array.from({ length: 60 }, (_none, n) =>
      database.transaction(async (tx) => {
        await addOrganization(tx, `many ${n}`);
        await sendAhead(tx, insert(n % 3 === 0 ? "" : `many ${n}`));
      }),
    );
    const ended = await Promise.allSettled(tries);
    expect(ended.map(({ status }) => status === "fulfilled")).toEqual(ended.map((_one, n) => n % 3 !== 0));
    const { rows } = await sql<{ name: string }>`
      select name from organization where name like 'many %' and name not in (select what from trace)`.execute(
      database.db,
    );
    expect(rows).toEqual([]);
    expect(await traces("many 1")).toBe(1);
  });
});

describe("run()", () => {
  const actor: Actor = {
    kind: "person",
    id: newId(),
    name: "Tester",
    orgId: null,
    address: null,
    via: "cli",
    permissions: new Set(),
    signInId: null,
  };
  const add = serve(
    endpoint({
      route: "POST /added",
      name: "added.create",
      title: "Add",
      input: z.object({ name: Name }),
      output: z.object({}),
    }),
    {
      access: "anonymous",
      async run({ db, deliver }, { name }) {
        await addOrganization(db, name);
        deliver({ kind: "sign-out" });
        return {};
      },
    },
  );

  test("acknowledges and delivers nothing when the event cannot be written", async () => {
    const outcomes: string[] = [];
    const runtime = createRuntime({
      database,
      now: () => new Date(),
      async record(db, { outcome }) {
        outcomes.push(outcome);
        await sendAhead(db, insert(outcome === "ok" ? "" : `event of ${outcome}`));
      },
    });
    const delivered: unknown[] = [];
    const done = run(runtime, add, actor, { name: "unrecorded" }, (delivery) => delivered.push(delivery));
    await expect(done).rejects.toMatchObject({ constraint: "words" });
    expect(delivered).toEqual([]);
    expect(await organizations("unrecorded")).toBe(0);
    expect(outcomes).toEqual(["ok", "error"]);
    expect(await traces("event of error")).toBe(1);
  });
});
