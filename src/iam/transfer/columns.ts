import { Fault } from "../../core/index.ts";
import { columnProblem, momentOf, titleOf, type Titles, truthOf, withoutGuard } from "../../platform/index.ts";
import type { ImportField, User } from "../schema.ts";

export const TITLES: Titles<ImportField> = {
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

/** What keeps a file with these columns from being imported; null: nothing. */
export function problemOf(fields: readonly (ImportField | null)[], rows: number, passwords: boolean): string | null {
  const problem = columnProblem(TITLES, fields, "loginName");
  if (problem) return problem;
  if (rows === 0) return "The file holds no users.";
  if (fields.includes("password") && !passwords) {
    return "The file holds passwords. Remove the column, or say that it holds initial passwords.";
  }
  return null;
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
    else if (field === "active" || field === "mustChangePassword")
      input[field] = truthOf(titleOf(TITLES, field), raw.trim());
    else if (field === "expiresAt") input.expiresAt = momentOf(titleOf(TITLES, field), raw.trim());
    else if (field === "groups") input.groupIds = found("group", directory.groups, listOf(raw));
    else if (field === "roles") input.roles = found("role", directory.roles, listOf(raw));
    else input[field] = withoutGuard(raw.trim());
  });
  if (input.name === undefined && typeof input.loginName === "string") input.name = input.loginName;
  return input;
}

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
