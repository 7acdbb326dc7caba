import { isIP, isIPv6 } from "node:net";
import { z } from "zod";
import { plain } from "../../core/index.ts";
import { settingsGroup } from "../../platform/index.ts";

const whole = (least: number, most: number) => z.number().int().min(least).max(most);

/** What passwords must be; of a member of several organizations the strictest is asked. */
export const passwordSettings = settingsGroup({
  key: "password",
  title: "Passwords",
  scope: "organization",
  schema: z.object({
    minLength: whole(8, 128).default(12).describe("Characters at least"),
    kinds: whole(0, 4)
      .default(0)
      .describe("How many of lower case, upper case, digits and other characters it must mix; 0: any"),
    history: whole(0, 24).default(5).describe("The last so many passwords are refused; 0: only the present one"),
    minAgeHours: whole(0, 720).default(0).describe("Hours before one may change it again; 0: at any time"),
    expireDays: whole(0, 3650).default(0).describe("Days after which it must be changed; 0: never"),
    administratorExpireDays: whole(0, 3650).default(0).describe("The same for whoever may change settings; 0: never"),
  }),
});

function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  if (more.length > 0 || isIP(address) === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32));
}
const Networks = z
  .array(plain(z.string().trim().max(64).refine(isNetwork, "Not an address or a network like 10.0.0.0/8.")))
  .max(1000)
  .default([]);

/** Networks that may not sign in at all, and those that are not slowed as a whole. */
export const networkSettings = settingsGroup({
  key: "sign-in-networks",
  title: "Networks and signing in",
  scope: "site",
  schema: z.object({
    deny: Networks.describe("Nobody signs in from these, whatever they know; this machine itself always may"),
    allow: Networks.describe("Many people share these addresses: wrong passwords of some do not slow the others"),
  }),
});
