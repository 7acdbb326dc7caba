import { sql } from "kysely";
import { afterAll, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../test/support/database.ts";
import { type Actor, endpoint, Fault, type Occurrence, plain, run } from "../core/index.ts";
import { createRuntime, serve } from "./index.ts";

const { database, close } = await testDatabase();
afterAll(close);

const actor: Actor = {
  kind: "system",
  id: null,
  name: "test",
  orgId: null,
  address: null,
  via: "job",
  permissions: new Set(["number.double", "number.read"]),
  signInId: null,
};

const input = z.object({ number: z.coerce.number(), word: plain(z.string()) });
const double = endpoint({
  route: "POST /numbers",
  name: "number.double",
  title: "Double a number",
  input,
  output: z.object({ double: z.number(), transaction: z.string() }),
});

const transactionId = sql<{ id: string | null }>`select pg_current_xact_id_if_assigned()::text as id`;

test("types flow from the endpoint and from `before` into `run`, which works inside the recorded transaction", async () => {
  const seen: string[] = [];
  const action = serve(double, {
    access: "granted",
    async before({ db }, given) {
      expectTypeOf(given).toEqualTypeOf<{ number: number; word: string }>();
      return { before: (await transactionId.execute(db)).rows[0]!.id, word: given.word };
    },
    async run({ db, prepared }, given) {
      expectTypeOf(prepared).toEqualTypeOf<{ before: string | null; word: string }>();
      expect(prepared).toEqual({ before: null, word: "x" });
      const { rows } = await sql<{ id: string }>`select pg_current_xact_id()::text as id`.execute(db);
      return { double: given.number * 2, transaction: rows[0]!.id };
    },
  });
  const runtime = createRuntime({
    database,
    now: () => new Date(),
    record: async (db, occurrence: Occurrence) => {
      seen.push(`${occurrence.outcome} ${(await transactionId.execute(db)).rows[0]!.id}`);
    },
  });
  const answer = await run(runtime, action, actor, { number: "21", word: "x" });
  expectTypeOf(answer).toEqualTypeOf<{ double: number; transaction: string }>();
  expect(answer.double).toBe(42);
  expect(seen).toEqual([`ok ${answer.transaction}`]);
});

test("without `before` nothing is prepared; a Fault of `run` undoes its transaction and is recorded in another", async () => {
  const seen: string[] = [];
  const action = serve(double, {
    access: "granted",
    async run({ prepared }) {
      expectTypeOf(prepared).toEqualTypeOf<undefined>();
      throw new Fault("conflict", "It is doubled already.");
    },
  });
  const runtime = createRuntime({
    database,
    now: () => new Date(),
    record: async (_, { outcome }) => void seen.push(outcome),
  });
  await expect(run(runtime, action, actor, { number: 1, word: "x" })).rejects.toMatchObject({ code: "conflict" });
  expect(seen).toEqual(["conflict"]);
});

test("a wrong answer and an unguarded action do not compile", () => {
  // @ts-expect-error: the endpoint promises `double` and `transaction`
  expect(serve(double, { access: "granted", run: async () => ({ double: "two" }) }).endpoint).toBe(double);
  // @ts-expect-error: who may call it must be said
  expect(serve(double, { run: async () => ({ double: 2, transaction: "" }) }).endpoint).toBe(double);
});
