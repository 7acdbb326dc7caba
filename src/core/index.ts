export * from "./action.ts";
export * from "./address.ts";
export * from "./clock.ts";
export * from "./endpoint.ts";
export * from "./fault.ts";
export * from "./fields.ts";
export * from "./id.ts";
export * from "./registry.ts";
export { HIDDEN, redact } from "./secret.ts";
