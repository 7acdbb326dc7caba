import { z } from "zod";
import { settingsGroup } from "../../platform/index.ts";

/** What people may ask for, and how long things may take. */
export const requestSettings = settingsGroup({
  key: "access-requests",
  title: "Access requests",
  scope: "organization",
  schema: z.object({
    longestHours: z
      .number()
      .int()
      .min(1)
      .max(8760)
      .default(72)
      .describe("The most hours that a request may ask for, whatever its rule says"),
    waitHours: z
      .number()
      .int()
      .min(1)
      .max(720)
      .default(24)
      .describe("A request that nobody decided expires after so many hours"),
    namesAreShown: z
      .boolean()
      .default(false)
      .describe(
        "Whoever may ask finds assets by a part of their name; otherwise only by the whole name, so that names stay unknown",
      ),
    breakGlassMinutes: z
      .number()
      .int()
      .min(5)
      .max(1440)
      .default(60)
      .describe("The most minutes that breaking glass opens something for"),
    reviewHours: z
      .number()
      .int()
      .min(1)
      .max(720)
      .default(24)
      .describe(
        "Who broke glass cannot do it again while a review is older than so many hours, and for so many after a rejection",
      ),
  }),
});
