export * from "./channels/schema.ts";
export * from "./files/schema.ts";
export * from "./jobs/schema.ts";
export * from "./settings/schema.ts";
export * from "./tickets/schema.ts";
