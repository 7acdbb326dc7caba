import { z } from "zod";
import { settingsGroup } from "../../platform/index.ts";
import type { AtEnd } from "./schema.ts";

/** What an organization chooses for its permission rules. */
export const ruleSettings = settingsGroup({
  key: "permission-rules",
  title: "Permission rules",
  scope: "organization",
  schema: z.object({
    atEnd: z
      .enum(["cut", "warn", "keep"])
      .default("cut")
      .describe("What becomes of live sessions when a rule ends, for rules that are created without a choice"),
    warnMinutes: z.number().int().min(1).max(120).default(10).describe("Minutes between warning and cut"),
  }),
});

/** The end of a rule that is created without a choice. */
export const endBySettings = ({ atEnd, warnMinutes }: z.output<typeof ruleSettings.schema>): AtEnd =>
  atEnd === "warn" ? { what: atEnd, minutes: warnMinutes } : { what: atEnd };
