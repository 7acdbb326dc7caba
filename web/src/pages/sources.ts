import { listAssets, listNodes, readAsset } from "../../../src/assets/schema.ts";
import { listGroups, listRoles, listUsers, readGroup, readUser } from "../../../src/iam/schema.ts";
import { source } from "../kit/index.ts";

/** Where the pickers and filters of the administration pages find their rows. */
export const people = source({
  list: listUsers,
  read: readUser,
  name: (user) => user.name,
  hint: (user) => user.loginName,
});
export const groups = source({ list: listGroups, read: readGroup, name: (group) => group.name });
export const roles = source({
  list: listRoles,
  input: { scope: "organization" },
  name: (role) => role.name,
  hint: (role) => role.description,
});
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
