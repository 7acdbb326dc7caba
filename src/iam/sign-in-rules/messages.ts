import { z } from "zod";
import { plain } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { mailTemplate, type Platform } from "../../platform/index.ts";
import type { Coming } from "./judge.ts";
import type { RuleRow } from "./sign-in-rule.store.ts";

const Line = plain(z.string());

/** Tells a reviewer that somebody signed in under a rule that asks for it. */
export const signInNoticeMail = mailTemplate({
  key: "sign-in-rule-notice",
  values: z.object({ rule: Line, person: Line, loginName: Line, address: Line, at: Line }),
  render({ rule, person, loginName, address, at }, language) {
    if (language === "zh") {
      return {
        subject: `${person} 登录了 Sallyport`,
        paragraphs: [`${person}（${loginName}）于 ${at} 从 ${address} 登录。`, `登录规则“${rule}”要求通知您。`],
      };
    }
    return {
      subject: `${person} signed in to Sallyport`,
      paragraphs: [
        `${person} (${loginName}) signed in at ${at}, from ${address}.`,
        `The sign-in rule "${rule}" asks that you are told.`,
      ],
    };
  },
});

/** Mails the reviewers of the rule that let somebody in, if it asks for that and mail is set up. In the transaction of `db`. */
export async function tellOfSignIn(
  platform: Pick<Platform, "notify" | "mailIsConfigured">,
  db: Db,
  rule: RuleRow | null,
  user: { readonly name: string; readonly loginName: string; readonly orgId: string },
  { address, now }: Coming,
): Promise<void> {
  if (rule?.action !== "notify" || !(await platform.mailIsConfigured(db))) return;
  const values = {
    rule: rule.name,
    person: user.name,
    loginName: user.loginName,
    address: address ?? "?",
    at: now.toISOString(),
  };
  for (const { id: userId, active } of rule.reviewers)
    if (active) await platform.notify(db, { to: { userId }, orgId: user.orgId, template: signInNoticeMail, values });
}
