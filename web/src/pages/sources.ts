import { listAssets, listNodes, readAsset } from "../../../src/assets/schema.ts";
import { listGroups, listRoles, listUsers, readGroup, readUser, type Role } from "../../../src/iam/schema.ts";
import { source } from "../kit/index.ts";

/** Where the pickers and filters of the administration pages find their rows. */
export const people = source({
  list: listUsers,
  read: readUser,
  name: (user) => user.name,
  hint: (user) => user.loginName,
});
export const groups = source({ list: listGroups, read: readGroup, name: (group) => group.name });
const roleName = { name: (role: Role) => role.name, hint: (role: Role) => role.description };
export const roles = source({ list: listRoles, input: { scope: "organization" }, ...roleName });
export const systemRoles = source({ list: listRoles, input: { scope: "system" }, ...roleName });
export const assets = source({
  list: listAssets,
  read: readAsset,
  name: (asset) => asset.name,
  hint: (asset) => asset.host,
});
export const nodes = source({
  list: listNodes,
  name: (node) => node.name,
  hint: (node) => node.path.map(({ name }) => name).join(" / "),
});
