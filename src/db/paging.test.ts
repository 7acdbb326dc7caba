import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { page } from "./index.ts";

interface Planets {
  planet: { id: string; name: string; seen_at: Date; weight: number };
}

const { url, close } = await testDatabase();
const db = new Kysely<Planets>({
  dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 2 }) }),
});
afterAll(async () => {
  await db.destroy();
  await close();
});

beforeAll(async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE planet (id uuid PRIMARY KEY, name text NOT NULL, seen_at timestamptz NOT NULL, weight int NOT NULL);
    INSERT INTO planet SELECT gen_random_uuid(), 'p' || (i / 4), timestamptz '2026-01-01' + (i / 3) * interval '1 microsecond', i
    FROM generate_series(1, 100) i`);
  await client.end();
});

type Column = "name" | "seen_at" | "weight";

async function walk(by: Column, direction: "asc" | "desc", limit: number) {
  const pages: Planets["planet"][][] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(db.selectFrom("planet").selectAll(), { by, id: "id", direction, limit, cursor });
    pages.push(answer.items);
    cursor = answer.next ?? undefined;
  } while (cursor && pages.length < 200);
  return pages;
}

const cases = (["name", "seen_at", "weight"] as const).flatMap((by) =>
  (["asc", "desc"] as const).flatMap((direction) =>
    [1, 7, 50, 100, 200].map((limit) => [by, direction, limit] as const),
  ),
);

describe("paging", () => {
  test.each(cases)("by %s %s, %i at a time, meets every row once and in order", async (by, direction, limit) => {
    const pages = await walk(by, direction, limit);
    expect(pages).toHaveLength(Math.ceil(100 / limit));
    const ids = pages.flat().map(({ id }) => id);
    const whole = await db.selectFrom("planet").select("id").orderBy(by, direction).orderBy("id", direction).execute();
    expect(ids).toEqual(whole.map(({ id }) => id));
    expect(Object.keys(pages[0]![0]!).sort()).toEqual(["id", "name", "seen_at", "weight"]);
  });

  test("keeps filters, joins and aliases of the select", async () => {
    const query = db.selectFrom("planet as p").where("p.weight", ">", 90).select(["p.name", "p.weight"]);
    const first = await page(query, { by: "p.weight", id: "p.id", limit: 6 });
    expect(first.items.map(({ weight }) => weight)).toEqual([91, 92, 93, 94, 95, 96]);
    const second = await page(query, { by: "p.weight", id: "p.id", limit: 6, cursor: first.next! });
    expect(second).toEqual({
      items: [97, 98, 99, 100].map((weight) => ({ name: `p${weight >> 2}`, weight })),
      next: null,
    });
  });

  test("does not skip or repeat when rows come and go between pages", async () => {
    const query = db.selectFrom("planet").select(["id", "weight"]);
    const first = await page(query, { by: "weight", id: "id", limit: 3 });
    await db.deleteFrom("planet").where("weight", "=", 3).execute();
    const second = await page(query, { by: "weight", id: "id", limit: 3, cursor: first.next! });
    expect(second.items.map(({ weight }) => weight)).toEqual([4, 5, 6]);
  });
});

describe("a cursor", () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const id = "00000000-0000-4000-8000-000000000000";

  test.each([
    ["no base64", "%%%"],
    ["no JSON", Buffer.from("{").toString("base64url")],
    ["another shape", encode(["weight", 1])],
    ["an additional field", encode({ by: "weight", to: "asc", key: "1", id, more: 1 })],
    ["another column", encode({ by: "name", to: "asc", key: "1", id })],
    ["another direction", encode({ by: "weight", to: "desc", key: "1", id })],
    ["a key that is no number", encode({ by: "weight", to: "asc", key: "x", id })],
    ["a key out of range", encode({ by: "weight", to: "asc", key: "99999999999", id })],
    ["an id that is none", encode({ by: "weight", to: "asc", key: "1", id: "'; drop table planet" })],
    ["a zero byte", encode({ by: "weight", to: "asc", key: "1\0", id })],
    ["nothing", ""],
  ])("of %s is refused as invalid", async (_, cursor) => {
    const asked = page(db.selectFrom("planet").selectAll(), { by: "weight", id: "id", limit: 3, cursor });
    await expect(asked).rejects.toMatchObject({ code: "invalid" });
  });
});
