export * from "./factors/schema.ts";
export * from "./backends/schema.ts";
export * from "./groups/schema.ts";
export * from "./identities/schema.ts";
export * from "./login/schema.ts";
export * from "./orgs/schema.ts";
export * from "./roles/schema.ts";
export * from "./users/schema.ts";
