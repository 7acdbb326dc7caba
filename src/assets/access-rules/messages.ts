import { z } from "zod";
import { plain } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { mailTemplate, type Platform } from "../../platform/index.ts";
import type { DecidingRule } from "./rule-reading.ts";

const Line = plain(z.string());

/** Tells a reviewer that somebody connected under a rule that asks for it. */
export const accessNoticeMail = mailTemplate({
  key: "access-rule-notice",
  values: z.object({ rule: Line, person: Line, account: Line, asset: Line, address: Line, at: Line }),
  render({ rule, person, account, asset, address, at }, language) {
    if (language === "zh") {
      return {
        subject: `${person} 连接了 ${account}@${asset}`,
        paragraphs: [`${person} 于 ${at} 从 ${address} 连接了 ${account}@${asset}。`, `访问规则“${rule}”要求通知您。`],
      };
    }
    return {
      subject: `${person} connected to ${account}@${asset}`,
      paragraphs: [
        `${person} connected to ${account}@${asset} at ${at}, from ${address}.`,
        `The access rule "${rule}" asks that you are told.`,
      ],
    };
  },
});

/** Who connected where. */
export interface Connected {
  readonly orgId: string;
  readonly person: string;
  readonly account: string;
  readonly asset: string;
  readonly address: string | null;
  readonly at: Date;
}

/** Mails the reviewers of these rules, each once for a rule; nothing where mail is not set up. In the transaction of `db`. */
export async function tellReviewers(
  platform: Pick<Platform, "notify" | "mailIsConfigured">,
  db: Db,
  rules: readonly DecidingRule[],
  { orgId, address, at, ...connected }: Connected,
): Promise<void> {
  if (rules.length === 0 || !(await platform.mailIsConfigured(db))) return;
  for (const { name: rule, reviewers } of rules) {
    const values = { ...connected, rule, address: address ?? "?", at: at.toISOString() };
    for (const { id: userId } of reviewers)
      await platform.notify(db, { to: { userId }, orgId, template: accessNoticeMail, values });
  }
}
