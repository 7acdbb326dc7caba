export { addressUrl, type DatabaseAddress, withDatabase } from "./address.ts";
export { sendAhead } from "./ahead.ts";
export { createDatabase, type Database, type DatabaseOptions } from "./connection.ts";
export {
  type Claim,
  claim,
  discardEmbedded,
  type Embedded,
  type EmbeddedOptions,
  startEmbedded,
} from "./embedded/index.ts";
export type { Db } from "./handle.ts";
export { loadMasterKey, type MasterKeySource } from "./master-key.ts";
export { type Migrated, migrate } from "./migrate.ts";
export { type Listener, type Listening, notify } from "./notify.ts";
export { prepared } from "./prepared.ts";
export { admitProgramLogin, makeProgramLogin } from "./program-login.ts";
export { decodeCursor, encodeCursor, type Paging, page } from "./paging.ts";
export { createSealer, type Sealer } from "./sealed.ts";
export { createRuntime, serve } from "./serve.ts";
export type * from "./tables.ts";
export { keptByRule, violated } from "./violation.ts";
export { containing } from "./text.ts";
