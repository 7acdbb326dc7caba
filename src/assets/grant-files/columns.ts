import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { columnProblem, momentOf, titleOf, type Titles, truthOf, withoutGuard } from "../../platform/index.ts";
import { NAMES_SHOWN, type Side } from "../grants/grant.store.ts";
import type { Grant, GrantField } from "../schema.ts";
import { type Found, keyOf, loginNamesById, overfullSides, pathsById } from "./name.store.ts";
import * as words from "./words.ts";

export const TITLES: Titles<GrantField> = {
  name: ["name", "rule", "rule name", "名称", "规则", "规则名称"],
  comment: ["comment", "remark", "备注"],
  active: ["active", "enabled", "启用"],
  users: ["users", "people", "login names", "用户", "人员"],
  groups: ["groups", "user groups", "用户组"],
  assets: ["assets", "资产"],
  nodes: ["nodes", "节点"],
  accounts: ["accounts", "账号"],
  protocols: ["protocols", "协议"],
  actions: ["actions", "操作", "动作"],
  forwardTo: ["forward to", "forward destinations", "转发目标"],
  startsAt: ["starts at", "start", "开始时间"],
  expiresAt: ["expires at", "expires", "到期时间"],
  atEnd: ["at end", "到期处理"],
};

const NEVER = "@never";

export const titled = (field: GrantField): string => titleOf(TITLES, field);

export function problemOf(fields: readonly (GrantField | null)[], rows: number): string | null {
  return columnProblem(TITLES, fields, "name") ?? (rows === 0 ? "The file holds no rules." : null);
}

/** The fields of rules as cells of a file. What a cell does not hold in full is `@unchanged`. */
export async function cellsOf(db: Db, orgId: string, grants: readonly Grant[]): Promise<Record<GrantField, string>[]> {
  const ids = (side: "users" | "nodes") => [...new Set(grants.flatMap((grant) => grant[side].map(({ id }) => id)))];
  const logins = await loginNamesById(db, ids("users"));
  const paths = await pathsById(db, orgId, ids("nodes"));
  const overfull = await overfullSides(
    db,
    orgId,
    grants.map(({ id }) => id),
    NAMES_SHOWN,
  );
  return grants.map((grant) => {
    const side = (key: Side, text: () => string): string =>
      overfull.has(`${grant.id} ${key}`) ? words.UNCHANGED : text();
    return {
      name: grant.name,
      comment: grant.comment,
      active: grant.active ? "yes" : "no",
      users: side("userIds", () => words.namesText(grant.users.map(({ id }) => logins.get(id) ?? ""))),
      groups: side("groupIds", () => words.namesText(grant.groups.map(({ name }) => name))),
      assets: side("assetIds", () => words.namesText(grant.assets.map(({ name }) => name))),
      nodes: side("nodeIds", () => words.pathsText(grant.nodes.map(({ id }) => paths.get(id) ?? []))),
      accounts: words.accountsText(grant.accounts),
      protocols: words.protocolsText(grant.protocols),
      actions: words.namesText(grant.actions),
      forwardTo: words.namesText(grant.forwardTo),
      startsAt: grant.startsAt,
      expiresAt: grant.expiresAt ?? NEVER,
      atEnd: words.atEndText(grant.atEnd),
    };
  });
}

/** What the names in cells stand for. */
export interface Directory {
  readonly users: Found;
  readonly groups: Found;
  readonly assets: Found;
  readonly nodes: Found;
}

const ONE = { users: "user", groups: "group", assets: "asset", nodes: "node" } as const;

function idsOf(side: keyof Directory, { [side]: known }: Directory, names: readonly string[] | null) {
  return names?.map((name) => {
    const id = known.get(name);
    const shown = side === "nodes" ? words.pathOf(JSON.parse(name) as string[]) : name;
    if (!id) throw new Fault("invalid", `There is no ${ONE[side]} "${shown.slice(0, 200)}".`);
    return id;
  });
}

type Read = (text: string, directory: Directory) => Record<string, unknown>;

/** What each cell says, as fields of grant.create and grant.update; a field that is undefined says nothing. */
const READ: Readonly<Record<GrantField, Read>> = {
  name: (name) => ({ name }),
  comment: (comment) => ({ comment }),
  active: (text) => ({ active: truthOf(titled("active"), text) }),
  users: (text, known) => ({ userIds: idsOf("users", known, words.namesIn(titled("users"), text)) }),
  groups: (text, known) => ({ groupIds: idsOf("groups", known, words.namesIn(titled("groups"), text)) }),
  assets: (text, known) => ({ assetIds: idsOf("assets", known, words.namesIn(titled("assets"), text)) }),
  nodes: (text, known) => ({
    nodeIds: idsOf("nodes", known, words.pathsIn(titled("nodes"), text)?.map(keyOf) ?? null),
  }),
  accounts: (text) => ({ accounts: words.accountsIn(titled("accounts"), text) ?? undefined }),
  protocols: (text) => ({ protocols: words.protocolsIn(titled("protocols"), text) ?? undefined }),
  actions: (text) => ({ actions: words.actionsIn(titled("actions"), text) ?? undefined }),
  forwardTo: (text) => ({ forwardTo: words.namesIn(titled("forwardTo"), text) ?? undefined }),
  startsAt: (text) => ({ startsAt: momentOf(titled("startsAt"), text) }),
  expiresAt: (text) => ({
    expiresAt: text.toLowerCase() === NEVER ? null : momentOf(titled("expiresAt"), text),
  }),
  atEnd: (text) => ({ atEnd: words.atEndIn(titled("atEnd"), text) }),
};

/** Line ends and the characters that no spreadsheet holds do not count. */
// oxlint-disable-next-line no-control-regex -- what XML cannot hold
const plainly = (text: string): string =>
  text
    .replaceAll("\r\n", "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, "")
    .trim();

/** The cells of a row by field, as they stood before they were guarded; empty ones are left out. */
export function textsOf(fields: readonly (GrantField | null)[], cells: readonly string[]) {
  const texts: Partial<Record<GrantField, string>> = {};
  fields.forEach((field, index) => {
    const text = withoutGuard((cells[index] ?? "").trim());
    if (field && text !== "") texts[field] = text;
  });
  return texts;
}

/**
 * What a row says, as fields of grant.create; with `now`, the rule as a file would show it, only what differs. Fault
 * `invalid` for a cell that cannot be read or names what is not there, and for a new rule of which the file holds a part.
 */
export function inputOf(
  texts: Partial<Record<GrantField, string>>,
  directory: Directory,
  now: Readonly<Record<GrantField, string>> | null,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [field, text] of Object.entries(texts) as [GrantField, string][]) {
    if (now && plainly(now[field]) === plainly(text)) continue;
    for (const [key, value] of Object.entries(READ[field](text, directory))) {
      if (value !== undefined) input[key] = value;
      else if (!now) {
        throw new Fault("invalid", `${titled(field)}: the file does not hold what the rule names. Write it out.`);
      }
    }
  }
  return input;
}
