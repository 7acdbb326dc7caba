export * from "./inventory/schema.ts";
export * from "./accounts/schema.ts";
export * from "./grants/schema.ts";
export * from "./requests/schema.ts";
