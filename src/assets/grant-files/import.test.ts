import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cellsOf, csv, openRuleFiles, type RuleFiles } from "../../../test/security/rule-file-stage.ts";
import { newId } from "../../core/index.ts";
import { createGroup } from "../../iam/schema.ts";
import { cancelMyJob, readMyJob } from "../../platform/schema.ts";
import { createGrant, exportGrants, grantTemplate, importGrants, previewGrants, uploadGrants } from "../schema.ts";

let { door, files, admin, ids, make, all, named, start, importNow, newAsset, newNode, removeAll } = {} as RuleFiles;

beforeAll(async () => {
  ({ door, files, admin, ids, make, all, named, start, importNow, newAsset, newNode, removeAll } =
    await openRuleFiles());
});
beforeEach(() => removeAll());
afterEach(() => files.rest());
afterAll(() => door.close());

describe("importing rules", () => {
  test("of 1,000 rows the bad ones are told by line and reason, and block no other", async () => {
    const head = [
      "Name",
      "Users",
      "Groups",
      "Assets",
      "Nodes",
      "Accounts",
      "Protocols",
      "Actions",
      "Forward to",
      "At end",
    ];
    const rows = Array.from({ length: 1000 }, (_, index) => [
      `rule ${index + 2}`,
      "ANN",
      "ops\\; night, day",
      "\\@WEB\\1",
      "/servers/A\\/B\\;c",
      "root; !admin; @same-name",
      "ssh",
      "connect; upload",
      "",
      "keep",
    ]);
    const spoil = (line: number, column: string, text: string) => {
      rows[line - 2]![head.indexOf(column)] = text;
    };
    spoil(10, "Name", "");
    spoil(20, "Users", "ann; ghost");
    spoil(30, "Groups", "ghosts");
    spoil(40, "Assets", "@web");
    spoil(50, "Nodes", "/Servers/nowhere");
    spoil(60, "Name", "RULE 11");
    spoil(70, "Accounts", "@everyone");
    spoil(80, "Actions", "fly");
    spoil(90, "Actions", "forward");
    spoil(100, "Forward to", "*:22");
    spoil(110, "At end", "warn");
    spoil(120, "Users", "x".repeat(33_000));
    spoil(130, "Protocols", "s s h");
    const file = csv([head, ...rows]);
    const fileId = await files.upload(admin, uploadGrants, file);
    expect(await door.call(admin, previewGrants, { fileId })).toMatchObject({ total: 1000, problem: null });
    const { job, items } = await importNow(file, "create");
    expect(job).toMatchObject({
      state: "done",
      done: 1000,
      total: 1000,
      message: "987 created, 0 changed, 13 refused.",
    });
    const reasons = new Map(items.map(({ subject, message }) => [Number(/^Line (\d+)/.exec(subject)?.[1]), message]));
    const expected = {
      10: "Name: it is missing",
      20: 'no user "ghost"',
      30: 'no group "ghosts"',
      40: "begin a name with a backslash",
      50: 'no node "/Servers/nowhere"',
      60: "Line 11 has the same name",
      70: '"@everyone" is no word here',
      80: '"fly" is none. Write connect, upload',
      90: "forwarded",
      100: "host:port",
      110: "cut, keep",
      120: "too much text",
      130: "protocol",
    };
    expect([...reasons.keys()].toSorted((a, b) => a - b)).toEqual(Object.keys(expected).map(Number));
    for (const [line, part] of Object.entries(expected)) {
      expect(`${line}: ${reasons.get(Number(line))?.toLowerCase()}`).toContain(part.toLowerCase());
    }
    expect(await named("rule 500")).toMatchObject({
      users: [{ id: ids.ann }],
      groups: [{ id: ids.group }],
      assets: [{ id: ids.asset }],
      nodes: [{ id: ids.node }],
      accounts: { all: false, names: ["root"], excluded: ["admin"], manual: false, sameName: true, anonymous: false },
      protocols: { all: false, kinds: ["ssh"] },
      actions: ["connect", "upload"],
      atEnd: { what: "keep" },
    });
  }, 120_000);

  test("an empty cell leaves things as they are, @none takes all away, and a mode does no more than it says", async () => {
    const before = await make({ name: "Kept", userIds: [ids.ann], assetIds: [ids.asset], accounts: { all: true } });
    const file = (assets: string) =>
      csv([
        ["Name", "Users", "Assets", "Comment"],
        ["kept", "", assets, "seen"],
      ]);
    expect((await importNow(file("@none"), "create")).items[0]?.message).toContain("already");
    expect((await importNow(file("@none"), "update")).job.message).toBe("0 created, 1 changed, 0 refused.");
    expect((await all())[0]).toMatchObject({
      id: before.id,
      name: "kept",
      comment: "seen",
      users: [{ id: ids.ann }],
      assets: [],
      accounts: { all: true },
    });
    const other = csv([["Name"], ["Other"]]);
    expect((await importNow(other, "update")).items[0]?.message).toContain("no rule of that name");
    expect((await importNow(other, "create")).job.message).toBe("1 created, 0 changed, 0 refused.");
    expect(await named("Other")).toMatchObject({ users: [], accounts: { all: false }, protocols: { all: false } });
  }, 60_000);

  test("another organization's names are unknown, and its rules neither exported nor changed", async () => {
    const stranger = await door.person("rule-stranger", {
      orgId: await door.organization("Elsewhere"),
      roles: ["administrator"],
    });
    await door.call(stranger, createGroup, { name: "their-group" });
    await newAsset(stranger, "their-asset");
    await newNode(stranger, "their-node");
    await door.call(stranger, createGrant, { name: "Theirs", accounts: {}, protocols: {} });
    const head = ["Name", "Users", "Groups", "Assets", "Nodes"];
    const { items } = await importNow(
      csv([
        head,
        ["a", "rule-stranger", "", "", ""],
        ["b", "", "their-group", "", ""],
        ["c", "", "", "their-asset", ""],
        ["d", "", "", "", "/their-node"],
      ]),
    );
    expect(items.map(({ message }) => message).toSorted()).toEqual([
      'There is no asset "their-asset".',
      'There is no group "their-group".',
      'There is no node "/their-node".',
      'There is no user "rule-stranger".',
    ]);
    expect(await all()).toEqual([]);
    expect((await importNow(csv([["Name"], ["Theirs"]]), "update")).items[0]?.message).toContain(
      "no rule of that name",
    );
    expect(cellsOf(await files.download(admin, exportGrants, { format: "csv" }))).toHaveLength(1);
  }, 60_000);

  test("an uploaded file is its owner's alone, and a key must be made for what the rows do", async () => {
    const colleague = await door.person("rule-colleague", { roles: ["administrator"] });
    const fileId = await files.upload(admin, uploadGrants, csv([["Name"], ["x"]]));
    expect(await door.codeOf(door.call(colleague, previewGrants, { fileId }))).toBe("not_found");
    expect(await door.codeOf(door.call(colleague, importGrants, { fileId, mode: "both" }))).toBe("not_found");
    const byKey = { ...admin, scopes: new Set(["grant.import", "grant.create"]) };
    expect(await door.codeOf(door.call(byKey, importGrants, { fileId, mode: "both" }))).toBe("denied");
    expect(await door.codeOf(door.call(byKey, importGrants, { fileId, mode: "create" }))).toBe("ok");
  });

  test("without the permission nothing leaves, comes in or is shown", async () => {
    const reader = await door.person("rule-reader", { roles: ["auditor"] });
    const fileId = newId();
    const codes = await Promise.all(
      [
        door.call(reader, exportGrants, { format: "csv" }),
        door.call(reader, grantTemplate, { format: "csv" }),
        door.call(reader, uploadGrants, { name: "f", number: 0, pieces: 1, content: "YQ==" }),
        door.call(reader, previewGrants, { fileId }),
        door.call(reader, importGrants, { fileId, mode: "both" }),
      ].map((call) => door.codeOf(call)),
    );
    expect(codes).toEqual(Array.from({ length: 5 }, () => "denied"));
  });

  test("each row needs what it needs alone: who may only create changes nothing", async () => {
    await make({ name: "there" });
    const permissions = ["grant.import", "grant.import.upload", "grant.create"];
    await door.db.insertInto("role").values({ id: "rule-maker", name: "Rule maker", permissions }).execute();
    const maker = await door.person("rule-maker", { roles: ["rule-maker"] });
    const { job, items } = await importNow(
      csv([
        ["Name", "Comment"],
        ["there", "x"],
        ["new", "x"],
      ]),
      "both",
      maker,
    );
    expect(job.message).toBe("1 created, 0 changed, 1 refused.");
    expect(items).toMatchObject([{ subject: "Line 2: there", message: expect.stringContaining("grant.update") }]);
  }, 60_000);

  test.each(["grant.import", "grant.create"])(
    "what was taken away midway (%s) holds from the next row on",
    async (lost) => {
      const permissions = ["grant.import", "grant.import.upload", "grant.create"];
      const role = `fading-${lost.replace(".", "-")}`;
      await door.db.insertInto("role").values({ id: role, name: role, permissions }).execute();
      const clerk = await door.person(`clerk-${role}`, { roles: [role] });
      const rows = Array.from({ length: 1000 }, (_, index) => [`fading ${index}`]);
      const jobId = await start(clerk, csv([["Name"], ...rows]), "create");
      await files.work();
      while ((await door.call(clerk, readMyJob, { id: jobId })).done === 0) await pause(10);
      await door.db
        .updateTable("role")
        .set({ permissions: permissions.filter((one) => one !== lost) })
        .where("id", "=", role)
        .execute();
      const made = (await all()).length;
      const job = await files.ended(clerk, jobId);
      // Those that had begun.
      expect((await all()).length).toBeLessThanOrEqual(made + 8);
      expect(made).toBeLessThan(990);
      expect(`${job.state}: ${job.message}`).toMatch(
        lost === "grant.import" ? /^failed: .*may not import/ : /^done: .* [1-9]\d* refused\.$/,
      );
    },
    60_000,
  );

  test("is cancelled", async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => [`cancel ${index}`]);
    const jobId = await start(admin, csv([["Name"], ...rows]), "create");
    await files.work();
    while ((await door.call(admin, readMyJob, { id: jobId })).done === 0) await pause(10);
    await door.call(admin, cancelMyJob, { id: jobId });
    expect((await files.ended(admin, jobId)).state).toBe("cancelled");
    expect((await all()).length).toBeLessThan(1000);
  }, 60_000);

  test.each([
    ["no column of names", csv([["Users"], ["ann"]])],
    [
      "two columns of one field",
      csv([
        ["Name", "Rule"],
        ["a", "b"],
      ]),
    ],
    ["only the head", csv([["Name"]])],
  ])("%s is refused in words", async (_, bytes) => {
    const fileId = await files.upload(admin, uploadGrants, bytes);
    expect((await door.call(admin, previewGrants, { fileId })).problem).not.toBeNull();
    expect(await door.codeOf(door.call(admin, importGrants, { fileId, mode: "both" }))).toBe("invalid");
  });

  test("the template can be imported as it is", async () => {
    for (const format of ["csv", "xlsx"] as const) {
      const { job } = await importNow(await files.download(admin, grantTemplate, { format }));
      expect(job.message).toMatch(/0 refused/);
    }
    expect(await named("Example")).toMatchObject({ active: false, atEnd: { what: "warn", minutes: 10 } });
  }, 30_000);
});
