import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { createDatabase, notify } from "./index.ts";

const { database, url, close } = await testDatabase();
afterAll(close);

const one = async <T>(text: ReturnType<typeof sql<T>>): Promise<T> => (await text.execute(database.db)).rows[0]!;

describe("a connection of the program", () => {
  test("works in the lesser role, in UTC, within its time limits", async () => {
    const row = await one(sql<Record<string, string>>`
      select current_user as role, current_setting('TimeZone') as zone, current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock`);
    expect(row).toEqual({ role: "sallyport_app", zone: "UTC", statement: "30s", idle: "15s", lock: "10s" });
  });

  test("keeps the role of the sign-in when told so", async () => {
    const owner = createDatabase({ url, role: null });
    const { rows } = await sql<{ user: string }>`select current_user as user`.execute(owner.db);
    await owner.close();
    expect(rows[0]!.user).toBe("sallyport");
  });

  test("may not make tables", async () => {
    await expect(sql`create table mine (a int)`.execute(database.db)).rejects.toThrow(/permission denied/);
  });

  test("reads bigint as number, refuses one beyond 2^53, reads timestamptz as Date", async () => {
    const row = await one(
      sql<{ n: number; at: Date }>`select 42::bigint as n, timestamptz '2026-01-02 03:04:05.678Z' as at`,
    );
    expect(row).toEqual({ n: 42, at: new Date("2026-01-02T03:04:05.678Z") });
    expect(await one(sql`select (-9007199254740991)::bigint as n`)).toEqual({ n: -9007199254740991 });
    await expect(one(sql`select 9007199254740992::bigint as n`)).rejects.toThrow(RangeError);
    expect(await one(sql`select 7::bigint as n`)).toEqual({ n: 7 });
  });

  test("rolls back when the work throws, commits when it does not", async () => {
    const setting = sql<{ v: string | null }>`select current_setting('test.v', true) as v`;
    const id = sql<{ id: string }>`select pg_current_xact_id()::text as id`;
    let first = "";
    const work = database.transaction(async (tx) => {
      first = (await id.execute(tx)).rows[0]!.id;
      await setting.execute(tx);
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    const second = await database.transaction(async (tx) => (await id.execute(tx)).rows[0]!.id);
    const status = (of: string) => one(sql<{ s: string }>`select pg_xact_status(${of}::text::xid8) as s`);
    expect([await status(first), await status(second)]).toEqual([{ s: "aborted" }, { s: "committed" }]);
  });

  test("survives the loss of its idle connections", async () => {
    const lost: Error[] = [];
    const other = createDatabase({ url, max: 1, lost: (error) => lost.push(error) });
    const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(other.db)).rows[0]!.pid;
    const first = await pid();
    const owner = createDatabase({ url, role: null, max: 1 });
    await sql`select pg_terminate_backend(${first}, 5000)`.execute(owner.db);
    await owner.close();
    await expect.poll(() => lost.length).toBe(1);
    expect(await pid()).not.toBe(first);
    await other.close();
  });

  test("survives the loss of a connection that is in use but silent", async () => {
    const owner = createDatabase({ url, role: null, max: 1 });
    const cut = database.db.connection().execute(async (held) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(held);
      await sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`.execute(owner.db);
      await pause(100);
      await sql`select 1`.execute(held);
    });
    await expect(cut).rejects.toThrow();
    await owner.close();
    expect(await one(sql`select 1 as n`)).toEqual({ n: 1 });
  });
});

describe("signals", () => {
  test("arrive with their payload, from a transaction only with its commit", async () => {
    const got: unknown[] = [];
    const listening = await database.listen(["first_signal", "second_signal"], {
      notified: (channel, payload) => got.push([channel, payload]),
    });
    await notify(database.db, "first_signal", { id: 1 });
    await database
      .transaction(async (tx) => {
        await notify(tx, "second_signal", "undone");
        throw new Error("no");
      })
      .catch(() => {});
    await database.transaction((tx) => notify(tx, "second_signal", ["done"]));
    await notify(database.db, "third_signal", "not listened to");
    await expect
      .poll(() => got)
      .toEqual([
        ["first_signal", { id: 1 }],
        ["second_signal", ["done"]],
      ]);
    await listening.close();
  });

  test("go on after the connection was cut, and say that some may be missing", async () => {
    const got: unknown[] = [];
    let again = 0;
    const failed: unknown[] = [];
    const listening = await database.listen(["cut_signal"], {
      notified: (_, payload) => got.push(payload),
      reconnected: () => again++,
      failed: (error) => failed.push(error),
    });
    const owner = createDatabase({ url, role: null, max: 1 });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN cut_signal%'`.execute(
      owner.db,
    );
    await expect.poll(() => again, { timeout: 5000 }).toBe(1);
    expect(listening.connected).toBe(true);
    await notify(owner.db, "cut_signal", "after");
    await owner.close();
    await expect.poll(() => got).toEqual(["after"]);
    expect(failed.length).toBeGreaterThan(0);
    await listening.close();
    expect(listening.connected).toBe(false);
  });

  test("a handler that throws is reported and does not end the listening", async () => {
    const failed: unknown[] = [];
    const got: unknown[] = [];
    const listening = await database.listen(["bad_signal"], {
      notified: (_, payload) => {
        if (payload === 1) throw new Error("handler");
        got.push(payload);
      },
      failed: (error) => failed.push(error),
    });
    await notify(database.db, "bad_signal", 1);
    await sql`select pg_notify('bad_signal', 'not json')`.execute(database.db);
    await notify(database.db, "bad_signal", 2);
    await expect.poll(() => got).toEqual([2]);
    expect(failed).toHaveLength(2);
    await listening.close();
  });

  test("refuse strange channel names and long payloads", async () => {
    await expect(notify(database.db, 'x"; drop', 1)).rejects.toThrow(/channel/);
    await expect(database.listen(["A b"], { notified() {} })).rejects.toThrow(/channel/);
    await notify(database.db, "long_signal", "x".repeat(7898));
    await expect(notify(database.db, "long_signal", "x".repeat(7899))).rejects.toThrow(RangeError);
  });

  test("end at once when closed, also while the connection is away", async () => {
    const listening = await database.listen(["gone_signal"], { notified() {} });
    const owner = createDatabase({ url, role: null, max: 1 });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN gone_signal%'`.execute(
      owner.db,
    );
    await owner.close();
    await expect.poll(() => listening.connected, { interval: 1 }).toBe(false);
    const from = Date.now();
    await listening.close();
    await listening.close();
    expect(Date.now() - from).toBeLessThan(1000);
  });

  test("cannot be listened to where no server answers", async () => {
    const nowhere = createDatabase({ url: "postgres://nobody:nothing@127.0.0.1:1/none" });
    await expect(nowhere.listen(["any_signal"], { notified() {} })).rejects.toThrow(/ECONNREFUSED/);
    await nowhere.close();
  });
});
