import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { updateUser } from "../../iam/schema.ts";
import { listAssetPeople } from "../schema.ts";

let rules: Rules;
let { door, admin, asset, node, group, rule } = {} as Rules;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, asset, node, group, rule } = rules);
});
beforeEach(async () => {
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
});
afterAll(() => door.close());

const people = (id: string, more: object = {}) => door.call(admin, listAssetPeople, { id, ...more });
const ids = async (id: string, more: object = {}) => (await people(id, more)).items.map((person) => person.id);
const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString();

describe("who may reach an asset", () => {
  test("says the people of rules and of their groups, by name or by a node above, with accounts, actions and rules", async () => {
    const place = await node();
    const target = await asset([await node(place)], ["root", "web"]);
    const direct = await rule({
      userIds: [ann.id],
      assetIds: [target.id],
      accounts: { names: ["web"] },
      actions: ["connect", "upload"],
    });
    const byNode = await rule({ groupIds: [await group(ann.id, bob.id)], nodeIds: [place], actions: ["connect"] });
    const { items } = await people(target.id);
    const shown = items.map(({ id, accounts }) => [
      id,
      accounts.map(({ name, actions }) => [
        name,
        actions.map((one) => [one.action, one.rules.map((by) => by.id).toSorted()]),
      ]),
    ]);
    expect(shown).toEqual([
      [
        ann.id,
        [
          ["root", [["connect", [byNode.id]]]],
          [
            "web",
            [
              ["connect", [direct.id, byNode.id].toSorted()],
              ["upload", [direct.id]],
            ],
          ],
        ],
      ],
      [
        bob.id,
        [
          ["root", [["connect", [byNode.id]]]],
          ["web", [["connect", [byNode.id]]]],
        ],
      ],
    ]);
  });

  test("says for one account who may use that one", async () => {
    const target = await asset([], ["root", "web"]);
    await rule({ userIds: [ann.id], assetIds: [target.id], accounts: { names: ["web"] } });
    await rule({ userIds: [bob.id], assetIds: [target.id] });
    expect([
      await ids(target.id, { accountId: target.ids.web }),
      await ids(target.id, { accountId: target.ids.root }),
    ]).toEqual([[ann.id, bob.id], [bob.id]]);
  });

  test("says until when: the last end of rules that follow on each other, the start of an exclusion, never", async () => {
    const target = await asset([], ["root"]);
    const [first, second, third] = [hours(1), hours(3), hours(2)];
    await rule({ userIds: [ann.id], assetIds: [target.id], expiresAt: first });
    await rule({ userIds: [ann.id], assetIds: [target.id], startsAt: hours(0.5), expiresAt: second });
    await rule({ userIds: [bob.id], assetIds: [target.id] });
    const until = async () =>
      (await people(target.id)).items.map(({ accounts }) => accounts[0]?.actions.map((one) => one.until));
    expect(await until()).toEqual([[second], [null]]);
    await rule({
      userIds: [bob.id],
      assetIds: [target.id],
      accounts: { names: ["none"], excluded: ["root"] },
      startsAt: third,
    });
    expect(await until()).toEqual([[second], [third]]);
  });

  test("leaves out who is disabled, whom an exclusion leaves nothing, and whose rule is not in force", async () => {
    const target = await asset([], ["root"]);
    const [disabled, excluded, late, over] = await Promise.all(["carl", "dora", "eve", "fay"].map(rules.newPerson));
    const mine = { assetIds: [target.id] };
    await rule({ ...mine, userIds: [ann.id, disabled!.id, excluded!.id] });
    await rule({ ...mine, userIds: [excluded!.id], accounts: { excluded: ["root"] } });
    await rule({ ...mine, userIds: [late!.id], startsAt: hours(1) });
    await rule({ ...mine, userIds: [over!.id], active: false });
    const { version } = await door.db
      .selectFrom("users")
      .select("version")
      .where("id", "=", disabled!.id)
      .executeTakeFirstOrThrow();
    await door.call(admin, updateUser, { id: disabled!.id, version, active: false });
    expect(await ids(target.id)).toEqual([ann.id]);
  });

  test("pages in the order of names, and fills a page up that exclusions made shorter", async () => {
    const target = await asset([], ["root"]);
    const crowd = await Promise.all(Array.from({ length: 9 }, (_, index) => rules.newPerson(`crowd-${index}`)));
    await rule({ userIds: crowd.map(({ id }) => id), assetIds: [target.id] });
    await rule({
      userIds: crowd.slice(1, 4).map(({ id }) => id),
      assetIds: [target.id],
      accounts: { excluded: ["root"] },
    });
    const left = crowd.filter((_, index) => index < 1 || index > 3).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const first = await people(target.id, { limit: 4 });
    const rest = await people(target.id, { limit: 4, cursor: first.next });
    expect([first.items.length, rest.next]).toEqual([4, null]);
    expect([...first.items, ...rest.items].map(({ name }) => name)).toEqual(left.map(({ name }) => name));
  });

  test("gives shorter pages for an asset with many accounts, and all people over them", async () => {
    const many = await asset(
      [],
      Array.from({ length: 199 }, (_, index) => `account-${index}`),
    );
    const everybody = await Promise.all(Array.from({ length: 60 }, () => rules.newPerson("many")));
    await rule({ userIds: everybody.map(({ id }) => id), assetIds: [many.id] });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await door.call(admin, listAssetPeople, { id: many.id, limit: 200, ...(cursor && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(50);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(seen.toSorted()).toEqual(everybody.map(({ id }) => id).toSorted());
  }, 60_000);

  test("is answered to who may list rules in the asset's organization, and to nobody else", async () => {
    const target = await asset();
    await rule({ userIds: [ann.id], assetIds: [target.id] });
    const auditor = await door.person(rules.fresh("auditor"), { roles: ["auditor"] });
    const stranger = await door.person(rules.fresh("stranger"), {
      orgId: await door.organization(rules.fresh("Other")),
      roles: ["administrator"],
    });
    const asked = [auditor, ann, stranger].map((actor) =>
      door.codeOf(door.call(actor, listAssetPeople, { id: target.id })),
    );
    expect(await Promise.all(asked)).toEqual(["ok", "denied", "not_found"]);
  });
});
