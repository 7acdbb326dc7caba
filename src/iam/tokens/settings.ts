import { z } from "zod";
import { settingsGroup } from "../../platform/index.ts";

/** How long a console session lives. Both count on the server, and end its web terminals too. */
export const consoleSettings = settingsGroup({
  key: "console-sessions",
  title: "Console sessions",
  scope: "organization",
  schema: z.object({
    idleMinutes: z
      .number()
      .int()
      .min(1)
      .max(10_080)
      .default(480)
      .describe("Ends when nobody used it for so many minutes"),
    longestHours: z
      .number()
      .int()
      .min(1)
      .max(720)
      .default(24)
      .describe("Ends so many hours after the sign-in, used or not"),
  }),
});

/** What programs and command lines are given. */
export const tokenSettings = settingsGroup({
  key: "tokens",
  title: "API keys and SSH certificates",
  scope: "organization",
  schema: z.object({
    longestKeyDays: z
      .number()
      .int()
      .min(1)
      .max(1825)
      .default(365)
      .describe("The most days that an API key may be valid"),
    certificateHours: z.number().int().min(1).max(24).default(8).describe("Hours that an SSH certificate is valid"),
    certificatesOnlyFromAddress: z
      .boolean()
      .default(false)
      .describe("SSH certificates count only from the address of the machine that asked for them"),
  }),
});
