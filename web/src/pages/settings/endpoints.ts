import type { listSettings, readSettings, updateSettings } from "../../../../src/platform/schema.ts";

/** Where the groups of one owner are listed, read and changed. */
export interface SettingsEndpoints {
  readonly list: typeof listSettings;
  readonly read: typeof readSettings;
  readonly update: typeof updateSettings;
}
