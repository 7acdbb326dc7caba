import { describe, expect, test } from "vitest";
import type { ReachableAsset } from "../../../assets/schema.ts";
import { createLineEditor } from "./line-editor.ts";
import { chooseFromMenu } from "./menu.ts";

let count = 0;
const asset = (name: string, accounts: string[] = ["root"], kind = "ssh"): ReachableAsset =>
  ({
    id: `asset-${name}`,
    name,
    host: "10.0.0.1",
    comment: "",
    nodeIds: [],
    protocols: [{ kind, port: 22 }],
    accounts: accounts.map((account) => ({ id: `${name}-${account}-${++count}`, name: account, username: account })),
  }) as unknown as ReachableAsset;

function menu(assets: ReachableAsset[], options: { rows?: number; drained?: () => Promise<void> } = {}) {
  let printed = "";
  const lists: object[] = [];
  const print = (text: string): void => void (printed += text);
  const editor = createLineEditor({ echo: () => {} });
  const { rows = 24, drained = async () => {} } = options;
  const chosen = chooseFromMenu({
    name: "Ann",
    editor,
    print,
    drained,
    size: () => ({ cols: 80, rows }),
    async list(filter) {
      lists.push(filter);
      const found = assets.filter(({ name }) => name.includes(filter.search ?? ""));
      const from = Number(filter.cursor ?? 0);
      const to = from + filter.limit;
      return { items: found.slice(from, to), next: to < found.length ? String(to) : null };
    },
    opens: (kind) => kind === "ssh",
  });
  return {
    chosen,
    lists,
    printed: () => printed,
    type: (text: string) => editor.feed(Buffer.from(text)),
    end: editor.end,
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const [web, db, box] = [asset("web"), asset("db", ["root", "app"]), asset("web-box")];
const choice = (of: ReachableAsset, account = 0) => ({
  assetId: of.id,
  accountId: of.accounts[account]!.id,
  protocol: "ssh",
});

describe("picks", () => {
  test.each([
    ["by number", "1\r", choice(web)],
    ["by exact name, though others contain it", "web\r", choice(web)],
    ["by what only one fits", "-box\r", choice(box)],
    ["by name after a slash", "/web-box\r", choice(box)],
    ["an account by number", "2\r2\r", choice(db, 1)],
    ["an account by name", "db\rapp\r", choice(db, 1)],
    ["after a wrong number", "9\r1\r", choice(web)],
    ["after a wrong account", "2\rnobody\r2\r1\r", choice(db)],
    ["after Ctrl-C at the account", "2\r\x031\r", choice(web)],
    ["from what a search left", "e\r2\r", choice(box)],
    ["nothing with q", "q\r", null],
    ["nothing at the end of input", "\x04", null],
  ])("%s", async (_, typed, expected) => {
    const { chosen, type } = menu([web, db, box]);
    type(typed);
    expect(await chosen).toEqual(expected);
  });
});

test("shows pages as long as the screen, forward and back to the first", async () => {
  const { chosen, type, lists, printed } = menu(
    Array.from({ length: 12 }, (_, index) => asset(`host-${index}`)),
    { rows: 13 },
  );
  type("n\rn\rn\rb\rq\r");
  await chosen;
  expect(lists).toEqual([{ limit: 5 }, { limit: 5, cursor: "5" }, { limit: 5, cursor: "10" }, { limit: 5 }]);
  expect(printed()).toMatch(/This is the last page/);
});

test("says what cannot be opened, and that there is nothing", async () => {
  const desk = asset("desk", ["root"], "rdp");
  const one = menu([desk, asset("bare", [])]);
  one.type("desk\rbare\rzzz\rq\r");
  await one.chosen;
  expect(one.printed()).toMatch(/no protocol that a terminal can open[^]*No account[^]*Nothing fits "zzz"/);
  const none = menu([]);
  none.type("q\r");
  await none.chosen;
  expect(none.printed()).toMatch(/No permission rule lets you reach an asset/);
});

test("who does not read is shown nothing more", async () => {
  const { chosen, type, printed, end } = menu([web], { drained: () => new Promise(() => {}) });
  await settle();
  const before = printed();
  expect(before).toMatch(/Connect to> $/);
  for (let times = 0; times < 100; times++) type("?\r");
  await settle();
  expect(printed()).toBe(before);
  end();
  expect(await Promise.race([chosen, settle()])).toBeUndefined();
});
