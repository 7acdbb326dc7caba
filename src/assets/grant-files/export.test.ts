import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cellsOf, csv, openRuleFiles, type RuleFiles } from "../../../test/security/rule-file-stage.ts";
import { newId } from "../../core/index.ts";
import { exportGrants, type Grant } from "../schema.ts";

let { door, files, admin, ids, make, all, named, importNow, newNode, removeAll } = {} as RuleFiles;

beforeAll(async () => {
  ({ door, files, admin, ids, make, all, named, importNow, newNode, removeAll } = await openRuleFiles());
});
beforeEach(() => removeAll());
afterEach(() => files.rest());
afterAll(() => door.close());

async function severalRules(): Promise<void> {
  await make({
    name: "=everything",
    comment: "+first line\nsecond line",
    userIds: [ids.ann, admin.id],
    groupIds: [ids.group],
    assetIds: [ids.asset],
    nodeIds: [ids.node, await newNode(admin, `n${newId()}`)],
    accounts: {
      all: true,
      names: ["*", "all", "@all", "!bang", "DOM\\adm", "a;b", "a/b"],
      excluded: ["root", "!bang"],
      manual: true,
      sameName: true,
      anonymous: true,
    },
    protocols: { all: true, kinds: ["ssh"] },
    actions: ["connect", "forward"],
    forwardTo: ["10.0.0.0/8:22", "[2001:db8::1]:443", "db.example.com:5000-5100"],
    active: false,
    startsAt: "2026-01-02T03:04:05.678Z",
    expiresAt: "2031-01-02T03:04:05.678Z",
    atEnd: { what: "warn", minutes: 7 },
  });
  await make({ name: "'=guarded already", actions: [], atEnd: { what: "keep" } });
  await make({ name: "nothing", nodeIds: [ids.root] });
}

describe("an export", () => {
  test("imported again with mode both changes nothing, as CSV and as XLSX", async () => {
    await severalRules();
    const before = await all();
    for (const format of ["csv", "xlsx"] as const) {
      const { job } = await importNow(await files.download(admin, exportGrants, { format }));
      expect(job).toMatchObject({ state: "done", message: "0 created, 0 changed, 3 unchanged, 0 refused." });
    }
    expect(await all()).toEqual(before);
  }, 60_000);

  test("makes the same rules anew where they are gone", async () => {
    await severalRules();
    const plain = (rules: Grant[]) => rules.map(({ id: _, createdAt: _at, version: _version, ...rule }) => rule);
    const before = plain(await all());
    for (const format of ["csv", "xlsx"] as const) {
      const bytes = await files.download(admin, exportGrants, { format });
      await removeAll();
      expect((await importNow(bytes, "create")).job.message).toBe("3 created, 0 changed, 0 refused.");
      expect(plain(await all())).toEqual(before);
    }
  }, 60_000);

  test("guards what a spreadsheet would take for a formula, and holds what the filter leaves", async () => {
    await severalRules();
    const cells = cellsOf(await files.download(admin, exportGrants, { format: "csv" })).flat();
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell))).toEqual([]);
    expect(cells).toContain("'=everything");
    const some = cellsOf(await files.download(admin, exportGrants, { format: "csv", userId: ids.ann }));
    expect(some.map(([name]) => name)).toEqual(["Name", "'=everything"]);
    expect((await door.events("grant.export")).at(-1)).toMatchObject({ outcome: "ok", actor_id: admin.id });
  });

  test("writes @unchanged for a side of more than 1,000 names, and its import loses none of them", async () => {
    const many = await make({ name: "many" });
    await sql`with made as (
        insert into asset (id, org_id, name, host) select gen_random_uuid(), ${admin.orgId}, 'many-' || n, '10.0.0.1'
        from generate_series(1, 1001) n returning org_id, id)
      insert into grant_asset (org_id, grant_id, asset_id) select org_id, ${many.id}, id from made`.execute(door.db);
    const rows = cellsOf(await files.download(admin, exportGrants, { format: "csv" }));
    const at = (title: string): number => rows[0]!.indexOf(title);
    expect(rows[1]![at("Assets")]).toBe("'@unchanged");
    expect((await importNow(csv(rows))).job.message).toBe("0 created, 0 changed, 1 unchanged, 0 refused.");
    rows[1]![at("Comment")] = "changed";
    expect((await importNow(csv(rows))).job.message).toBe("0 created, 1 changed, 0 refused.");
    const { rows: left } = await sql`select 1 from grant_asset where grant_id = ${many.id}`.execute(door.db);
    expect([left.length, (await named("many"))?.comment]).toEqual([1001, "changed"]);
    rows[1]![at("Name")] = "another";
    const { items } = await importNow(csv(rows));
    expect(items).toMatchObject([{ subject: "Line 2: another", message: expect.stringContaining("Assets") }]);
  }, 60_000);
});
