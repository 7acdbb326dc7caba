import { randomBytes } from "node:crypto";
import { Fault } from "../../../core/index.ts";
import type { FormBackend } from "../backend.ts";
import { ask } from "./ask.ts";
import { fits, fitsName, type Reply } from "./packet.ts";
import { type RadiusSettings, radiusSettings } from "./settings.ts";

/** The name as it is sent. */
export const sentName = ({ lowerCase }: RadiusSettings, loginName: string): string =>
  lowerCase ? loginName.toLowerCase() : loginName;

const issuerOf = ({ realm }: RadiusSettings): string => `radius:${realm}`;

/** Servers of RADIUS: PAP, RFC 2865. They know people by name only, so that a name must never pass to somebody else. */
export const radius: FormBackend<RadiusSettings> = {
  kind: "radius",
  title: "RADIUS",
  flow: "form",
  settings: radiusSettings,
  secretsStayWith: ["servers"],
  judgesEverybody: ({ use, secondFactorFor }) => use === "second-factor" && secondFactorFor === "everybody",

  /** A made-up name and password: any proved answer shows that the servers and the secret are right. */
  async check(call) {
    const made = randomBytes(12).toString("hex");
    await ask(call, { userName: `check-${made.slice(0, 8)}`, password: made });
  },

  async verify(call, { loginName, password }) {
    const { settings } = call;
    if (settings.use !== "sign-in") {
      call.say("This one is asked for second factors only");
      return null;
    }
    const name = sentName(settings, loginName.trim());
    if (!fitsName(name) || !fits(password)) return null;
    const reply = await ask(call, { userName: name, password });
    if (reply.says === "challenge") {
      throw new Fault(
        "denied",
        "This RADIUS server asks another question after the password, which only a second factor can answer. Ask an administrator.",
      );
    }
    if (reply.says !== "accept") return null;
    const groups = groupsOf(settings, reply);
    return { issuer: issuerOf(settings), subject: name, loginName: name, name: loginName.trim(), email: null, groups };
  },
};

const groupsOf = ({ groups }: RadiusSettings, reply: Reply): readonly string[] => {
  if (groups === "none") return [];
  return (groups === "class" ? reply.classes : reply.filterIds).filter((name) => name !== "" && name.length <= 1024);
};
