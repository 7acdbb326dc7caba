import { z } from "zod";
import { settingsGroup } from "../../platform/index.ts";

/** What becomes of users whom nobody sees any more, and of those whose end comes near. */
export const userSettings = settingsGroup({
  key: "users",
  title: "Users",
  scope: "site",
  schema: z.object({
    disableUnusedDays: z
      .number()
      .int()
      .min(0)
      .max(3650)
      .default(0)
      .describe("Disable users that were not used for so many days; 0: never"),
    noticeDays: z
      .number()
      .int()
      .min(0)
      .max(60)
      .default(5)
      .describe("Tell people by mail, every day, when they expire within so many days; 0: never"),
  }),
});
