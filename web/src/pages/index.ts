import { accessPages } from "./access/index.ts";
import { accessRulePages } from "./access-rules/index.ts";
import { auditPages } from "./audit/index.ts";
import { backendPages } from "./backends/index.ts";
import { identityPages } from "./identity/index.ts";
import { inventoryPages } from "./inventory/index.ts";
import type { PageEntry } from "./page.ts";
import { jobPages } from "./jobs/index.ts";
import { kitPages } from "./kit/index.ts";
import { organizationPages } from "./organizations/index.ts";
import { ownPages } from "./own/index.ts";
import { myRequestPages, requestPages } from "./requests/index.ts";
import { settingsPages } from "./settings/index.ts";
import { tokenPages } from "./tokens/index.ts";
import { workspacePages } from "./workspace/index.ts";

/** Every page of the console; one line for each area. */
export const pages: readonly PageEntry[] = [
  ...workspacePages,
  ...myRequestPages,
  ...ownPages,
  ...identityPages,
  ...tokenPages,
  ...inventoryPages,
  ...accessPages,
  ...accessRulePages,
  ...requestPages,
  ...auditPages,
  ...organizationPages,
  ...backendPages,
  ...settingsPages,
  ...jobPages,
  ...kitPages,
];
