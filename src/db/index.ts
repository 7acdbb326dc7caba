export { addressUrl, type DatabaseAddress, withDatabase } from "./address.ts";
export { APP_ROLE, createDatabase, type Database, type DatabaseOptions, type Db } from "./connection.ts";
export { migrate } from "./migrate.ts";
export { type Listener, type Listening, notify } from "./notify.ts";
export { decodeCursor, encodeCursor, type Paging, page } from "./paging.ts";
export { createRuntime, serve } from "./serve.ts";
export type * from "./tables.ts";
export { violated } from "./violation.ts";
export { containing } from "./text.ts";
