import { z } from "zod";
import { networkSettings, passwordSettings } from "../passwords/settings.ts";
import { settingsGroup } from "../../platform/index.ts";
import { userSettings } from "../users/settings.ts";
import { consoleSettings, tokenSettings } from "../tokens/settings.ts";

/** How people sign in; an organization may ask more of its members than the site does. */
export const signInSettings = settingsGroup({
  key: "sign-in",
  title: "Signing in",
  scope: "organization",
  schema: z.object({
    secondFactor: z
      .enum(["off", "on", "forced"])
      .default("on")
      .describe("Second factor: never asked, asked of who has one, asked of everybody"),
    passkeyAlone: z
      .boolean()
      .default(true)
      .describe("A passkey alone: one that verifies its holder on the device signs in without a password"),
    mailedCode: z
      .enum(["off", "chosen", "fallback"])
      .default("chosen")
      .describe("Codes by mail: never, for who chose them, also for who is forced and has nothing else"),
    rememberMinutes: z
      .number()
      .int()
      .min(0)
      .max(1440)
      .default(10)
      .describe(
        "Minutes in which a second factor counts again over SSH, for the same person, address and key; 0: never",
      ),
  }),
});

/** The groups of settings that identity reads. */
export const iamSettings = [
  signInSettings,
  passwordSettings,
  networkSettings,
  consoleSettings,
  tokenSettings,
  userSettings,
];
