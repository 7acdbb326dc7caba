import { decide, myAssets } from "../../src/assets/index.ts";
import { createAccount, createAsset, createGrant, createNode, listNodes } from "../../src/assets/schema.ts";
import type { Actor } from "../../src/core/index.ts";
import { createGroup } from "../../src/iam/schema.ts";
import { openDoor } from "./door.ts";

export type Person = Actor & { readonly id: string; readonly orgId: string };

interface Wish {
  readonly account?: string;
  readonly action?: "connect" | "upload";
  readonly protocol?: string;
  readonly now?: Date;
}

const SSH = [{ kind: "ssh", port: 22 }];
const EVERYTHING = { accounts: { all: true }, protocols: { all: true } };

/** An organization in which tests make assets and rules, and ask what people may do. */
export type Rules = Awaited<ReturnType<typeof openRules>>;

export async function openRules() {
  const door = await openDoor();
  let count = 0;
  const fresh = (what: string): string => `${what}-${++count}`;
  const admin = await door.person("root-admin", { roles: ["administrator"] });

  async function asset(nodeIds: string[] = [], accounts = ["root"]) {
    const name = fresh("asset");
    const made = await door.call(admin, createAsset, { name, host: "10.0.0.1", protocols: SSH, nodeIds });
    const ids: Record<string, string> = {};
    for (const username of accounts) {
      const secret = { kind: "password" as const, value: "s3cret" };
      ids[username] = (await door.call(admin, createAccount, { assetId: made.id, username, secret })).id;
    }
    return { ...made, ids };
  }

  await asset();
  const { items } = await door.call(admin, listNodes, {});
  const root = items[0]?.id ?? "";

  /** The decision; throws when the person's list of assets says something else. */
  async function may(person: Person, to: Awaited<ReturnType<typeof asset>>, wish: Wish = {}): Promise<boolean> {
    const { account = "root", action = "connect", protocol = "ssh", now = new Date() } = wish;
    const accountId = to.ids[account] ?? "";
    const subject = { orgId: person.orgId, userId: person.id, assetId: to.id, accountId, protocol };
    const asked = [action, "connect" as const].map((one) => ({ ...subject, action: one }));
    const [wished, connecting] = await decide(door.db, asked, now);
    const listed = (await myAssets(door.db, person, { limit: 200 }, now)).items.find(({ id }) => id === to.id);
    const shown = listed?.accounts.find(({ id }) => id === accountId)?.actions.includes(action) ?? false;
    const allowed = wished?.allowed ?? false;
    if (protocol === "ssh" && shown !== (allowed && connecting?.allowed))
      throw new Error(`Decided ${allowed}, but listed ${shown}`);
    return allowed;
  }

  return {
    door,
    admin,
    root,
    fresh,
    asset,
    may,
    newPerson: (what: string): Promise<Person> => door.person(fresh(what)),
    node: async (parentId = root): Promise<string> =>
      (await door.call(admin, createNode, { parentId, name: fresh("node") })).id,
    group: async (...userIds: string[]): Promise<string> =>
      (await door.call(admin, createGroup, { name: fresh("group"), userIds })).id,
    rule: (fields: object) => door.call(admin, createGrant, { name: fresh("rule"), ...EVERYTHING, ...fields }),
  };
}
