import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { prepared } from "./prepared.ts";

let data: TestDatabase;
beforeAll(async () => void (data = await testDatabase({ max: 1 })));
afterAll(() => data.close());

const twice = (number: number) =>
  prepared(data.database.db, sql<{ twice: number }>`select ${number}::int * 2 as twice`);

test("a statement is planned once for a connection, and its parameters go in each time", async () => {
  expect([(await twice(1)).rows, (await twice(21)).rows]).toEqual([[{ twice: 2 }], [{ twice: 42 }]]);
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_prepared_statements where statement like '%* 2 as twice'`.execute(
    data.database.db,
  );
  expect(rows).toEqual([{ count: 1 }]);
});

test("it works in a transaction, beside others, and its failure is the statement's own", async () => {
  const sum = await data.database.transaction(async (db) => {
    const [a] = (await prepared(db, sql<{ n: number }>`select ${3}::int + 1 as n`)).rows;
    return a!.n;
  });
  expect(sum).toBe(4);
  await expect(prepared(data.database.db, sql`select 1 / ${0}::int`)).rejects.toThrow("division by zero");
  expect((await twice(2)).rows).toEqual([{ twice: 4 }]);
});
