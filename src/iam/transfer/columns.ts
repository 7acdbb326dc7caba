import { Fault } from "../../core/index.ts";
import type { ImportField, User } from "../schema.ts";

/** What a column may be called, in lower case; the first is what exports write. */
const TITLES: Readonly<Record<ImportField, readonly string[]>> = {
  loginName: ["login name", "loginname", "username", "user name", "登录名", "用户名"],
  name: ["name", "full name", "姓名", "名称"],
  email: ["mail", "email", "e-mail", "mail address", "邮箱", "电子邮件"],
  phone: ["phone", "mobile", "telephone", "电话", "手机"],
  comment: ["comment", "remark", "备注"],
  active: ["active", "enabled", "启用"],
  expiresAt: ["expires at", "expires", "expiry date", "到期时间"],
  timeZone: ["time zone", "timezone", "时区"],
  roles: ["roles", "role", "角色"],
  groups: ["groups", "group", "用户组"],
  mustChangePassword: ["must change password", "须改密码"],
  password: ["password", "initial password", "密码", "初始密码"],
};

/** The columns of an export, in order. */
export const EXPORTED: readonly ImportField[] = [
  "loginName",
  "name",
  "email",
  "phone",
  "comment",
  "active",
  "expiresAt",
  "timeZone",
  "roles",
  "groups",
];

export const titleOf = (field: ImportField): string => {
  const [first = ""] = TITLES[field];
  return first.charAt(0).toUpperCase() + first.slice(1);
};

/** Which field each column is; null: none that is known. */
export function fieldsOf(head: readonly string[]): (ImportField | null)[] {
  const known = Object.entries(TITLES) as [ImportField, readonly string[]][];
  return head.map((title) => {
    const wanted = title.trim().toLowerCase();
    return known.find(([field, titles]) => titles.includes(wanted) || field.toLowerCase() === wanted)?.[0] ?? null;
  });
}

/** What keeps a file with these columns from being imported; null: nothing. */
export function problemOf(fields: readonly (ImportField | null)[], rows: number, passwords: boolean): string | null {
  if (!fields.includes("loginName")) return 'The first line must name the columns, and one must be "Login name".';
  const twice = fields.find((field, index) => field && fields.indexOf(field) !== index);
  if (twice) return `Two columns are "${titleOf(twice)}". Remove one.`;
  if (rows === 0) return "The file holds no users.";
  if (fields.includes("password") && !passwords) {
    return "The file holds passwords. Remove the column, or say that it holds initial passwords.";
  }
  return null;
}

const YES = new Set(["yes", "y", "true", "1", "x", "active", "enabled", "是", "启用"]);
const NO = new Set(["no", "n", "false", "0", "inactive", "disabled", "否", "禁用"]);

function truthOf(field: ImportField, text: string): boolean {
  const word = text.toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw new Fault("invalid", `${titleOf(field)}: write yes or no.`);
}

/** A day begins at midnight UTC. */
function momentOf(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  const moment = match && new Date(`${match[1]}T${match[2] ?? "00:00"}:00${match[3] ?? "Z"}`);
  if (!moment || Number.isNaN(moment.getTime())) {
    throw new Fault("invalid", `${titleOf("expiresAt")}: write a day as 2027-01-31.`);
  }
  return moment.toISOString();
}

const listOf = (text: string): string[] =>
  text
    .split(/[;,，；|]/)
    .map((word) => word.trim())
    .filter(Boolean);

/** Finds groups and roles by what people write. */
export interface Directory {
  readonly groups: ReadonlyMap<string, string>;
  readonly roles: ReadonlyMap<string, string>;
}

function found(what: string, known: ReadonlyMap<string, string>, names: readonly string[]): string[] {
  return names.map((name) => {
    const id = known.get(name.toLowerCase());
    if (!id) throw new Fault("invalid", `There is no ${what} "${name.slice(0, 100)}".`);
    return id;
  });
}

/** A row as the fields of user.create; empty cells say nothing. Fault `invalid` for a cell that cannot be read. */
export function inputOf(
  fields: readonly (ImportField | null)[],
  cells: readonly string[],
  directory: Directory,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  fields.forEach((field, index) => {
    const raw = cells[index] ?? "";
    if (!field || raw.trim() === "") return;
    // A password may begin or end with what a cell of another kind would lose.
    if (field === "password") input.password = raw;
    else if (field === "active" || field === "mustChangePassword") input[field] = truthOf(field, raw.trim());
    else if (field === "expiresAt") input.expiresAt = momentOf(raw.trim());
    else if (field === "groups") input.groupIds = found("group", directory.groups, listOf(raw));
    else if (field === "roles") input.roles = found("role", directory.roles, listOf(raw));
    else input[field] = withoutGuard(raw.trim());
  });
  if (input.name === undefined && typeof input.loginName === "string") input.name = input.loginName;
  return input;
}

const FORMULA = /^[=+\-@\t\r]/;

/** For CSV: what a spreadsheet would take for a formula begins with an apostrophe. */
export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);
const withoutGuard = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;

/** A user as a row of an export. */
export function cellsOf(user: User, rolesById: ReadonlyMap<string, string>): string[] {
  const cells: Record<string, string> = {
    loginName: user.loginName,
    name: user.name,
    email: user.email ?? "",
    phone: user.phone ?? "",
    comment: user.comment,
    active: user.active ? "yes" : "no",
    expiresAt: user.expiresAt ?? "",
    timeZone: user.timeZone ?? "",
    roles: user.roles.map((id) => rolesById.get(id) ?? id).join("; "),
    groups: user.groups.map(({ name }) => name).join("; "),
  };
  return EXPORTED.map((field) => cells[field] ?? "");
}
