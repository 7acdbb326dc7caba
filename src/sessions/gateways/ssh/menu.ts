import type { ReachableAsset } from "../../../assets/schema.ts";
import { fit, type LineEditor } from "./line-editor.ts";

export interface Choice {
  readonly assetId: string;
  readonly accountId: string;
  readonly protocol: string;
}

export interface MenuDeps {
  readonly name: string;
  readonly editor: LineEditor;
  readonly print: (text: string) => void;
  /** Resolves when what was printed is on its way: who does not read is shown nothing more. */
  readonly drained: () => Promise<void>;
  readonly size: () => { cols: number; rows: number };
  /** A page of what the person reaches now. */
  readonly list: (filter: {
    search?: string;
    cursor?: string;
    limit: number;
  }) => Promise<{ items: ReachableAsset[]; next: string | null }>;
  /** The protocols that this gateway can open. */
  readonly opens: (kind: string) => boolean;
}

const HELP = [
  "  TEXT     search by name, address or comment; connects when only one fits",
  "  NUMBER   connect to that asset of the list",
  "  p        list all my assets",
  "  n, b     next page, back to the first",
  "  ?        this help",
  "  q        leave",
];

/** The page on the screen. */
interface View {
  search: string | undefined;
  items: ReachableAsset[];
  next: string | null;
}

/** Lets a person pick an asset and an account. Resolves with the choice, or null to leave. */
export async function chooseFromMenu(deps: MenuDeps): Promise<Choice | null> {
  const { editor, print } = deps;
  let view = await show(deps, {});
  for (;;) {
    print("\r\nConnect to> ");
    await deps.drained();
    const event = await editor.next();
    if (event.kind === "leave") return null;
    if (event.kind === "cancel" || event.text === "") continue;
    if (["q", "exit", "quit"].includes(event.text)) return null;
    if (event.text === "?") print(`${HELP.join("\r\n")}\r\n`);
    else if (event.text === "p" || event.text === "b")
      view = await show(deps, event.text === "b" ? { search: view.search } : {});
    else if (event.text === "n") view = await nextPage(deps, view);
    else {
      const asset = await pickAsset(deps, view, event.text);
      if (!asset) continue;
      if ("items" in asset) view = asset;
      else {
        const choice = await pickAccount(deps, asset);
        if (choice) return choice;
      }
    }
  }
}

/** Greets; once per connection. */
export const greet = ({ print, name }: Pick<MenuDeps, "print" | "name">): void =>
  print(`\r\n  Sallyport, for ${name}\r\n${HELP.join("\r\n")}\r\n`);

async function show(deps: MenuDeps, filter: { search?: string | undefined; cursor?: string }): Promise<View> {
  const limit = Math.max(5, Math.min(100, deps.size().rows - 8));
  const { items, next } = await deps.list({
    limit,
    ...(filter.search !== undefined && { search: filter.search }),
    ...(filter.cursor !== undefined && { cursor: filter.cursor }),
  });
  const view = { search: filter.search, items, next };
  printView(deps, view);
  return view;
}

async function nextPage(deps: MenuDeps, view: View): Promise<View> {
  if (view.next) return show(deps, { search: view.search, cursor: view.next });
  deps.print("  This is the last page.\r\n");
  return view;
}

function printView(deps: MenuDeps, { items, next, search }: View): void {
  if (items.length === 0) {
    deps.print(
      search
        ? `  Nothing fits "${search}".\r\n`
        : "  No permission rule lets you reach an asset now. Ask an administrator.\r\n",
    );
    return;
  }
  const rest = Math.max(20, deps.size().cols - 8);
  const [name, host] = [Math.floor(rest * 0.4), Math.floor(rest * 0.3)];
  const row = (cells: [string, string, string, string]): string =>
    `  ${cells[0].padStart(3)}  ${fit(cells[1], name)} ${fit(cells[2], host)} ${fit(cells[3], rest - name - host - 4).trimEnd()}\r\n`;
  deps.print(`\r\n${row(["", "Asset", "Address", "Accounts"])}`);
  for (const [index, asset] of items.entries()) {
    const accounts = asset.accounts.map((account) => account.name).join(", ");
    deps.print(row([String(index + 1), asset.name, asset.host, accounts]));
  }
  if (next) deps.print("  n for more\r\n");
}

/** The asset meant by a number or a text; a new view when several fit; null when none does. */
async function pickAsset(deps: MenuDeps, view: View, text: string): Promise<ReachableAsset | View | null> {
  if (/^\d{1,4}$/.test(text)) {
    const picked = view.items[Number(text) - 1];
    if (!picked) deps.print(`  There is no number ${text} in the list.\r\n`);
    return picked ?? null;
  }
  const search = text.replace(/^\/+/, "");
  const found = await deps.list({ search, limit: 50 });
  const exact = found.items.filter((asset) => asset.name.toLowerCase() === search.toLowerCase());
  const only = exact.length === 1 ? exact[0] : found.items.length === 1 ? found.items[0] : undefined;
  return only ?? show(deps, { search });
}

async function pickAccount(deps: MenuDeps, asset: ReachableAsset): Promise<Choice | null> {
  const protocol = asset.protocols.find(({ kind }) => deps.opens(kind))?.kind;
  if (!protocol) {
    deps.print("  This asset has no protocol that a terminal can open.\r\n");
    return null;
  }
  const [only, ...others] = asset.accounts;
  if (!only) {
    deps.print("  No account of this asset is open to you.\r\n");
    return null;
  }
  if (others.length === 0) return { assetId: asset.id, accountId: only.id, protocol };
  for (const [index, account] of asset.accounts.entries())
    deps.print(`  ${String(index + 1).padStart(3)}  ${account.name}\r\n`);
  deps.print("\r\nAccount> ");
  const event = await deps.editor.next();
  if (event.kind !== "line") return null;
  const account = asset.accounts[Number(event.text) - 1] ?? asset.accounts.find(({ name }) => name === event.text);
  if (account) return { assetId: asset.id, accountId: account.id, protocol };
  deps.print("  There is no such account in the list.\r\n");
  return null;
}
