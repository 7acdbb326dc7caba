export * from "./inventory/schema.ts";
export * from "./accounts/schema.ts";
export * from "./grants/schema.ts";
export * from "./grant-files/schema.ts";
export * from "./requests/schema.ts";
export * from "./access-rules/schema.ts";
export * from "./access-rules/schema/settings.ts";
export * from "./marks/schema.ts";
